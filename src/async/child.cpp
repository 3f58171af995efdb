#include <overlap/async/detail/child.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <stdexcept>

namespace overlap::detail {

namespace {

bool is_cancelled(const boost::asio::cancellation_state& state) {
  return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace

// A timer that is set to the deadline, or to the end of time, and cut short by set().
struct Event::Timer {
  explicit Timer(Loop& loop) : timer(loop.context()) {}
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>
      timer;
};

Event::Event() : timer_(std::make_unique<Timer>(require_loop())) {}
Event::~Event() = default;

void Event::set() {
  set_ = true;
  timer_->timer.cancel();
}

boost::asio::awaitable<Event::Woken> Event::wait(std::optional<TimePoint> deadline) {
  const bool throwing = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  // A cancel is only signalled to the await that it meets: one that came before must be looked for.
  auto state = co_await boost::asio::this_coro::cancellation_state;
  if (!set_ && !is_cancelled(state)) {
    timer_->timer.expires_at(deadline.value_or(TimePoint::max()));
    co_await timer_->timer.async_wait(boost::asio::as_tuple(boost::asio::deferred));
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
  while (!set_) {  // a cancel ends one wait of the timer, and is seen by the task at its next await after this
    timer_->timer.expires_at(TimePoint::max());
    co_await timer_->timer.async_wait(boost::asio::as_tuple(boost::asio::deferred));
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throwing);
  co_return woken;
}

void throw_cancelled() { throw boost::system::system_error(boost::asio::error::operation_aborted, "co_await"); }

Loop& require_loop() {
  Loop* const loop = Loop::current();
  if (loop == nullptr)
    throw std::logic_error("this can only be awaited in a task that one of the library's loops runs");
  return *loop;
}

}  // namespace overlap::detail
