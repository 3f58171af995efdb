#pragma once
/// epoll(7), and a way to wake who waits in it.

#include <cstdint>
#include <span>
#include <vector>

#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// Tells one thread which descriptors are ready. All but wait() may be called from any thread.
class Poller {
 public:
  struct Event {
    std::uint64_t key;
    bool readable;  ///< or at its end
    bool writable;
  };

  /// Throws std::system_error, as does add().
  Poller();

  void add(int fd, std::uint64_t key);
  /// Whether to report `fd` as writable too.
  void want_write(int fd, std::uint64_t key, bool wanted) noexcept;
  /// Must be called before closing: a forked child's copy of the descriptor would be reported for ever.
  void remove(int fd) noexcept;

  /// Makes wait() return, now or the next time.
  void wake() noexcept;
  /// Blocks until something is ready. The span is valid until the next call.
  std::span<const Event> wait();

 private:
  UniqueFd epoll_;
  UniqueFd wake_;
  std::vector<Event> ready_;
};

}  // namespace overlap::detail
