// Bell and the look before the sleep: who listens misses nothing that was published before a ring, whoever comes first.
// The two sides are src/executors/process/bell.cpp, step by step.

#include <gmock/gmock.h>

#include "model/explorer.hpp"

namespace overlap::model {
namespace {

using testing::StartsWith;

constexpr int kRingers = 2;

struct State {
  struct Thread {
    int at = 0;
    int heard = 0;
    int is_asleep = 0;
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, 1 + kRingers> threads{};
  int rung = 0;
  int sleeping = 0;
  int news = 0;  // published and not seen
  int seen = 0;
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;
using Steps = Instructions<State>;

enum InListener : int { kListen, kLook, kMark, kCompare, kAsleep, kUnmark };

/// Listens, looks, and sleeps, until it has seen what all ringers published.
Steps listener() {
  return {
      step<State>("listens", [](State& state, Thread& my) { my.heard = state.rung; }),
      step<State>("looks for news",
                  [](State& state, Thread& my) {
                    const int found = std::exchange(state.news, 0);
                    state.seen += found;
                    if (state.seen == kRingers) {
                      my.at = kEnd;
                    } else if (found != 0) {
                      my.at = kListen;
                    }
                  }),
      step<State>("says that it sleeps", [](State& state, Thread&) { state.sleeping = 1; }),
      // The look of wait() and that of the kernel, which compares and queues under one lock.
      step<State>("falls asleep if nobody rang",
                  [](State& state, Thread& my) {
                    my.is_asleep = state.rung == my.heard;
                    if (my.is_asleep == 0) my.at = kUnmark;
                  }),
      {{.what = "goes on, woken",
        .does = [](State&, Thread&) {},
        .when = [](const State&, const Thread& my) { return my.is_asleep == 0; }},
       {.what = "wakes for no reason",
        .does = [](State&, Thread& my) { my.is_asleep = 0; },
        .when = [](const State&, const Thread& my) { return my.is_asleep != 0; },
        .is_certain = false}},
      step<State>("says that it is awake",
                  [](State& state, Thread& my) {
                    state.sleeping = 0;
                    my.at = kListen;
                  }),
  };
}

enum InRinger : int { kPublish, kRing, kAsk, kWake };

Steps ringer() {
  return {
      step<State>("publishes", [](State& state, Thread&) { ++state.news; }),
      step<State>("rings", [](State& state, Thread&) { ++state.rung; }),
      step<State>("asks whether somebody sleeps",
                  [](State& state, Thread& my) {
                    if (state.sleeping == 0) my.at = kEnd;
                  }),
      step<State>("wakes", [](State& state, Thread&) { state.threads[0].is_asleep = 0; }),
  };
}

Model<State> model_of(const Steps& listens, const Steps& rings) {
  return {.programs = {{"listener", listens}, {"ringer 1", rings}, {"ringer 2", rings}}};
}

std::string violation_of(const Model<State>& model) {
  const auto explored = Explorer(model).explore();
  return explored.violation ? explored.violation->what : "";
}

TEST(BellModel, NothingIsMissedInAnyOrder) {
  const auto explored = Explorer(model_of(listener(), ringer())).explore();
  EXPECT_FALSE(explored.violation) << explored.violation->what;
  EXPECT_GT(explored.states, 100u);
}

// So that only one of several ringers need wake, as this was once.
TEST(BellModel, ARingerThatTakesTheFlagIsCaught) {
  Steps steps = ringer();
  steps.insert(steps.begin() + kWake, step<State>("takes the flag", [](State& state, Thread& my) {
                 if (std::exchange(state.sleeping, 0) == 0) my.at = kEnd;
               }));
  EXPECT_THAT(violation_of(model_of(listener(), steps)), StartsWith("for ever at a standstill: listener"));
}

Steps with_other(Steps steps, int place, Instruction<State> instruction) {
  steps[static_cast<std::size_t>(place)] = std::move(instruction);
  return steps;
}

Steps swapped(Steps steps, int one, int other) {
  std::swap(steps[static_cast<std::size_t>(one)], steps[static_cast<std::size_t>(other)]);
  return steps;
}

TEST(BellModel, ASleepThatDoesNotCompareIsCaught) {
  const auto sleep_anyway = step<State>("falls asleep", [](State&, Thread& my) { my.is_asleep = 1; });
  EXPECT_THAT(violation_of(model_of(with_other(listener(), kCompare, sleep_anyway), ringer())),
              StartsWith("for ever at a standstill: listener"));
}

TEST(BellModel, ARingBeforeThePublishingIsCaught) {
  EXPECT_THAT(violation_of(model_of(listener(), swapped(ringer(), kPublish, kRing))),
              StartsWith("for ever at a standstill: listener"));
}

TEST(BellModel, AQuestionBeforeTheRingIsCaught) {
  EXPECT_THAT(violation_of(model_of(listener(), swapped(ringer(), kRing, kAsk))),
              StartsWith("for ever at a standstill: listener"));
}

TEST(BellModel, AListenerThatLooksBeforeItListensIsCaught) {
  Steps steps = listener();
  steps[kListen] = step<State>("looks for news", [](State& state, Thread& my) {
    state.seen += std::exchange(state.news, 0);
    if (state.seen == kRingers) my.at = kEnd;
  });
  steps[kLook] = step<State>("listens", [](State& state, Thread& my) { my.heard = state.rung; });
  EXPECT_THAT(violation_of(model_of(steps, ringer())), StartsWith("for ever at a standstill: listener"));
}

}  // namespace
}  // namespace overlap::model
