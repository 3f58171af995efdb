#pragma once

#include <cstddef>
#include <memory>

#include <overlap/async/detail/wait_line.hpp>
#include <overlap/async/semaphore.hpp>
#include <overlap/async/task.hpp>
#include <overlap/core/detail/cell_rate.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

/// Lets the tasks of one loop go ahead so many times in a duration, first come, first served.
///
///     RateLimiter limiter({.count = 10, .per = std::chrono::seconds(1)});
///     co_await limiter.acquire();
///
/// In any stretch of time d there are at most burst + d * count / per. With a burst of 1 they are evenly spaced, and a
/// wake-up that comes late is lost time; a larger burst also makes up for those. Monotonic clock.
///
/// For the tasks of one loop: it belongs to the thread that first uses it, and use on another throws std::logic_error.
/// Tasks that wait may outlive it.
class RateLimiter {
 public:
  struct Options {
    std::size_t count = 1;                   ///< how many; not 0
    Duration per = std::chrono::seconds(1);  ///< in how long a time; more than 0
    std::size_t burst = 1;                   ///< how many at once after a time of rest; not 0
  };

  /// Throws std::invalid_argument for what the options rule out.
  explicit RateLimiter(Options options);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Waits, suspended, for its turn. A task that is cancelled while it waits gets operation_aborted and uses nothing
  /// up: those behind it move up.
  Task<void> acquire() { return acquire(state_); }
  /// True if it may go ahead now, and nobody waits; never waits.
  bool try_acquire();

  /// How many tasks wait.
  std::size_t waiting() const noexcept;

 private:
  struct State {
    State(Duration interval, std::size_t burst) : rate(interval, burst) {}
    detail::CellRate rate;
    Semaphore turn{1};  // held by the one task that waits for a time
    detail::OneThread thread;
  };

  static Task<void> acquire(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace overlap
