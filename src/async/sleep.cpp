#include <overlap/async/sleep.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <overlap/async/detail/child.hpp>

namespace overlap {
namespace {

Task<void> sleep_elsewhere(TimePoint deadline) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline);
  co_await timer.async_wait(boost::asio::deferred);
}

}  // namespace

Task<void> sleep_for(AnyDuration duration) {
  const TimePoint deadline = Duration(duration) > Duration::zero() ? deadline_after(duration) : TimePoint::min();
  detail::Sleeper sleeper;
  co_await sleeper.until(deadline);
  if (sleeper.is_elsewhere()) co_await sleep_elsewhere(deadline);
  if (sleeper.was_cancelled()) detail::throw_cancelled();
}

}  // namespace overlap
