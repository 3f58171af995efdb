#pragma once

#include <string>

namespace overlap::bench {

/// The floor that a Session is measured against: libcurl's multi interface driven by one epoll, as its own examples do
/// it, on handles that are reused; bodies are dropped and heads are not looked at.
class MultiYardstick {
 public:
  MultiYardstick(std::string url, int in_flight);
  ~MultiYardstick();
  MultiYardstick(const MultiYardstick&) = delete;
  MultiYardstick& operator=(const MultiYardstick&) = delete;

  /// Makes so many requests; false if one fails.
  bool run(long requests);

 private:
  struct State;
  State* state_;
};

}  // namespace overlap::bench
