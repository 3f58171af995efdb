#include <overlap/async/detail/child.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>

namespace overlap::detail {

namespace {

[[noreturn]] void throw_not_on_loop() {
  throw std::logic_error("this can only be awaited in a task that one of the library's loops runs");
}

bool is_cancelled(const boost::asio::cancellation_state& state) {
  return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace

Event::Event() { require_loop(); }

void Event::set() {
  set_ = true;
  if (waiter_ != nullptr) waiter_->wake();
}

boost::asio::awaitable<void> Event::sleep(TimePoint deadline) {
  struct Waiting {
    explicit Waiting(Event& owner) noexcept : event(owner) { event.waiter_ = &sleeper; }
    ~Waiting() { event.waiter_ = nullptr; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Event& event;
    Sleeper sleeper;
  };
  Waiting waiting(*this);
  if (deadline <= Clock::now()) deadline = TimePoint::min();
  co_await waiting.sleeper.until(deadline);
  if (waiting.sleeper.is_elsewhere()) throw_not_on_loop();
}

boost::asio::awaitable<Event::Woken> Event::wait(std::optional<TimePoint> deadline) {
  const bool throwing = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  // A cancel is only signalled to the await that it meets: one that came before must be looked for.
  auto state = co_await boost::asio::this_coro::cancellation_state;
  if (!set_ && !is_cancelled(state)) {
    co_await sleep(deadline.value_or(TimePoint::max()));
    state = co_await boost::asio::this_coro::cancellation_state;
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throwing);
  if (set_) co_return Woken::by_event;
  co_return is_cancelled(state) ? Woken::by_cancel : Woken::by_deadline;
}

boost::asio::awaitable<Event::Woken> Event::wait_or_end(std::optional<TimePoint> deadline, std::function<void()> end) {
  const bool throwing = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);  // or else a cancelled task could not await any more
  const Woken woken = co_await wait(deadline);
  if (woken != Woken::by_event) end();
  // A cancel ends one sleep, and is seen by the task at its next await after this.
  while (!set_) co_await sleep(TimePoint::max());
  co_await boost::asio::this_coro::throw_if_cancelled(throwing);
  co_return woken;
}

void throw_cancelled() { throw boost::system::system_error(boost::asio::error::operation_aborted, "co_await"); }

Loop& require_loop() {
  Loop* const loop = Loop::current();
  if (loop == nullptr) throw_not_on_loop();
  return *loop;
}

}  // namespace overlap::detail
