// What the loop promises about the order and the fairness of what it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <vector>

#include "async/cancelling.hpp"

namespace overlap {
namespace {

using std::chrono::milliseconds;
using test::Flag;
using test::make_flag;

Task<void> yield_until(Flag fired) {
  while (!*fired) co_await boost::asio::post(boost::asio::deferred);
}

Task<void> go_round_until(Flag fired) {
  while (!*fired) co_await sleep_for(Duration::zero());
}

Task<void> fire_after(Duration delay, Flag fired) {
  co_await sleep_for(delay);
  *fired = true;
}

TEST(Loop, ATaskThatKeepsYieldingDoesNotStarveATimer) {
  auto fired = make_flag();
  const auto all = [&]() -> Task<void> { co_await gather(yield_until(fired), fire_after(milliseconds(2), fired)); };
  run(all());
}

TEST(Loop, ATaskThatKeepsSleepingForNoTimeDoesNotStarveATimer) {
  auto fired = make_flag();
  const auto all = [&]() -> Task<void> { co_await gather(go_round_until(fired), fire_after(milliseconds(2), fired)); };
  run(all());
}

TEST(Loop, TasksThatYieldTakeTurns) {
  std::vector<int> order;
  const auto take_turns = [&order](int name) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      order.push_back(name);
      co_await boost::asio::post(boost::asio::deferred);
    }
  };
  const auto all = [&]() -> Task<void> { co_await gather(take_turns(1), take_turns(2), take_turns(3)); };
  run(all());
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3, 1, 2, 3, 1, 2, 3));
}

}  // namespace
}  // namespace overlap
