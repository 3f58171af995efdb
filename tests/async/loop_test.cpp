// What the loop promises about the order and the fairness of what it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <stdexcept>
#include <vector>

#include "async/cancelling.hpp"
#include "support/hook_recorder.hpp"

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

TEST(Loop, ATaskThatKeepsYieldingDoesNotStarveASocket) {
  using Socket = boost::asio::local::stream_protocol::socket;
  auto received = make_flag();
  const auto receive = [received](Socket& from) -> Task<void> {
    char byte = 0;
    co_await from.async_read_some(boost::asio::buffer(&byte, 1), boost::asio::deferred);
    *received = true;
  };
  const auto send = [](Socket& to) -> Task<void> {
    co_await sleep_for(milliseconds(1));  // by then the other waits
    const char byte = 'x';
    co_await to.async_write_some(boost::asio::buffer(&byte, 1), boost::asio::deferred);
  };
  const auto all = [&]() -> Task<void> {
    Socket one(Loop::current()->context());
    Socket other(Loop::current()->context());
    boost::asio::local::connect_pair(one, other);
    co_await gather(yield_until(received), receive(one), send(other));
  };
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

TEST(Loop, WhatAHandlerThrowsGoesToTheHookAndTheLoopGoesOn) {
  const test::HookRecorder recorder;
  const auto post_and_go_on = []() -> Task<int> {
    auto throwing = [] { throw std::runtime_error("in a handler"); };
    boost::asio::post(Loop::current()->context(), throwing);
    co_await sleep_for(milliseconds(1));
    co_return 5;
  };
  EXPECT_EQ(run(post_and_go_on()), 5);
  EXPECT_THAT(recorder.reports(), testing::ElementsAre("event loop: in a handler"));
}

}  // namespace
}  // namespace overlap
