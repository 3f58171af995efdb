#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <overlap/core/time.hpp>

namespace overlap::http::detail {

/// The connections that wait for their next request, by origin ("example.com:8080"). Sockets are numbers here: who
/// holds this opens and closes them.
class IdleConnections {
 public:
  /// The one of that origin that was used last: the likeliest to be open still.
  std::optional<int> take(std::string_view origin);
  void add(std::string_view origin, int socket, TimePoint now);
  /// Forgets one; nothing if it is not there.
  void remove(int socket);

  /// The one that has been idle longest, if there are more than `most` or it has been since before `since`.
  std::optional<int> surplus(std::size_t most, TimePoint since) const;
  std::size_t size() const noexcept { return order_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  struct Idle {
    int socket;
    TimePoint since;
    const std::string* origin;
  };
  using Order = std::list<Idle>;
  using Origins = std::unordered_map<std::string, std::vector<int>, Hash, std::equal_to<>>;

  void forget(Order::iterator idle);

  Order order_;                          // the longest idle first
  Order spare_;                          // nodes to be used again
  std::vector<Order::iterator> places_;  // by socket: the kernel gives out small numbers
  Origins origins_;
};

}  // namespace overlap::http::detail
