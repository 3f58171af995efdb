#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <overlap/async/gather.hpp>
#include <overlap/executors/to_thread.hpp>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

#include "async/cancelling.hpp"
#include "support/gate.hpp"
#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using test::cancel_while_waiting;
using test::End;
using test::Gate;
using test::go_round;

/// Cancels an await of the call while the thread waits at the gate, then opens it.
Task<End> abandon_at(Gate* gate, Task<void> call) {
  auto child = detail::start_child(std::move(call));
  co_await go_round(3);
  gate->wait_for_arrivals();
  child->started.cancel();
  const End end = co_await test::end_of_child(child);
  gate->open();
  co_return end;
}

TEST(ToThread, RunsTheCallOnAnotherThread) {
  const auto call = [](int add) { return std::pair(std::this_thread::get_id(), add + 1); };
  const auto [thread, sum] = run(to_thread(call, 4));
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(sum, 5);
}

TEST(ToThread, ThrowsWhatTheCallThrew) {
  const test::HookRecorder hook;
  const auto call = [] { throw std::runtime_error("as told"); };
  EXPECT_THROW(run(to_thread(call)), std::runtime_error);
  EXPECT_THAT(hook.reports(), testing::IsEmpty());
}

TEST(ToThread, TakesAndGivesWhatOnlyMoves) {
  const auto call = [](std::unique_ptr<int> number) {
    ++*number;
    return number;
  };
  auto number = std::make_unique<int>(6);
  EXPECT_EQ(*run(to_thread(call, std::move(number))), 7);
}

TEST(ToThread, TheLoopGoesOnMeanwhile) {
  Gate gate;
  const auto open_later = [](Gate* waited_at) -> Task<void> {
    co_await go_round();
    waited_at->wait_for_arrivals();
    waited_at->open();
  };
  const auto all = [&]() -> Task<void> {
    auto call = to_thread([](Gate::Pass pass) { pass.wait(); }, gate.pass());
    co_await gather(std::move(call), open_later(&gate));
  };
  run(all());
}

TEST(ToThread, CancellingTheAwaitLeavesTheCallRunning) {
  Gate gate;
  Gate done;
  const auto call = [](Gate::Pass pass, Gate::Pass at_end) {
    pass.wait();
    at_end.wait();
  };
  EXPECT_EQ(run(abandon_at(&gate, to_thread(call, gate.pass(), done.pass()))), End::cancelled);
  done.wait_for_arrivals();
}

TEST(ToThread, WhatAnAbandonedCallThrowsGoesToTheHook) {
  const test::HookRecorder hook;
  Gate gate;
  const auto call = [](Gate::Pass pass) {
    pass.wait();
    throw std::runtime_error("as told");
  };
  EXPECT_EQ(run(abandon_at(&gate, to_thread(call, gate.pass()))), End::cancelled);
  while (hook.reports().empty()) std::this_thread::yield();
  EXPECT_THAT(hook.reports(), testing::ElementsAre("to_thread: as told"));
}

TEST(ToThread, AnAbandonedCallMayAskWhetherToStop) {
  Gate gate;
  Gate stopped;
  const auto call = [](std::stop_token stop, Gate::Pass pass, Gate::Pass at_end) {
    pass.wait();
    while (!stop.stop_requested()) std::this_thread::yield();
    at_end.wait();
  };
  EXPECT_EQ(run(abandon_at(&gate, to_thread(call, gate.pass(), stopped.pass()))), End::cancelled);
  stopped.wait_for_arrivals();
}

}  // namespace
}  // namespace overlap
