#include <overlap/async/sleep.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace overlap {

Task<void> sleep_for(Duration duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline_after(duration));
  co_await timer.async_wait(boost::asio::deferred);
}

}  // namespace overlap
