#pragma once

#include <string>
#include <thread>
#include <vector>

#include "serve/content.hpp"
#include "serve/origin.hpp"

namespace overlap::testing_support {

/// The built-in origin on a thread of the test, and what it must have answered.
class Origin {
 public:
  explicit Origin(std::chrono::nanoseconds latency = {}, std::size_t refuse_above = 0)
      : server_(options_for(latency, refuse_above)) {}

  std::string url(const std::string& path = "") const { return server_.url(path); }
  std::uint64_t requests() const { return server_.requests(); }
  void wait_for_requests(std::uint64_t count) const {
    while (requests() < count) std::this_thread::yield();
  }
  static constexpr std::uint64_t seed() { return kSeed; }
  static std::string body_of(const std::string& path) { return serve::content_for(path, kSeed).value().body(); }

 private:
  static constexpr std::uint64_t kSeed = 1;
  static serve::OriginOptions options_for(std::chrono::nanoseconds latency, std::size_t refuse_above) {
    serve::OriginOptions options;
    options.latency = latency;
    options.refuse_above = refuse_above;
    options.seed = kSeed;
    return options;
  }

  serve::BackgroundOrigin server_;
};

inline std::string program() { return OVERLAP_PROGRAM; }

}  // namespace overlap::testing_support
