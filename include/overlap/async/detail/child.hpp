#pragma once
/// A task started by another one on the same loop, and the waiting for its end.

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>

#include <overlap/async/detail/drive.hpp>
#include <overlap/async/detail/sleepers.hpp>
#include <overlap/async/loop.hpp>
#include <overlap/core/time.hpp>

namespace overlap::detail {

/// Something that happens once on a loop and that one task waits for. Not thread-safe: the loop's thread alone.
class Event {
 public:
  Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  bool is_set() const noexcept { return set_; }

  enum class Woken : unsigned char { by_event, by_deadline, by_cancel };
  /// Waits; does not throw when the waiting task is cancelled, but says so. A set event wins over the other two.
  boost::asio::awaitable<Woken> wait(std::optional<TimePoint> deadline);
  /// The same for an end that must be waited for. When the deadline passes or the task is cancelled first, calls `end`,
  /// which is to bring the event about, and waits on, whoever asks the task to end. Gives what it was woken by first.
  boost::asio::awaitable<Woken> wait_or_end(std::optional<TimePoint> deadline, std::function<void()> end);

 private:
  boost::asio::awaitable<void> sleep(TimePoint deadline);

  Sleeper* waiter_ = nullptr;
  bool set_ = false;
};

/// The error of an await whose task was cancelled, as Asio's own operations throw it.
[[noreturn]] void throw_cancelled();

/// The loop that this task runs on; throws std::logic_error in a coroutine that runs outside of the library's loops.
Loop& require_loop();

/// A started child with its outcome. Shared by the parent and the child, since either may go first.
template <class T>
struct Child {
  Outcome<T> outcome;
  Event ended;
  Loop::Started started;
};

/// Starts a child; `also` is called on the loop when it has ended, with what it threw, after the event was set.
template <class T>
std::shared_ptr<Child<T>> start_child(boost::asio::awaitable<T> task,
                                      std::function<void(const std::exception_ptr&)> also = nullptr) {
  auto child = std::make_shared<Child<T>>();
  auto ended = [child, after = std::move(also)] {
    child->ended.set();
    if (after) after(child->outcome.error());
  };
  Loop& loop = require_loop();
  const StartedPtr started = loop.prepare(nullptr, std::move(ended), Loop::Leftover::cancel);
  auto entry = capture(std::move(task), child->outcome, started);  // `ended` keeps the child
  child->started = loop.launch(started, std::move(entry), Loop::Begin::next_round);
  return child;
}

}  // namespace overlap::detail
