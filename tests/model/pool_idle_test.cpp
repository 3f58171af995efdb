// How a thread pool sees to it that somebody comes for every task: whatever the order of steps, no task waits in a
// queue while a worker sleeps, or could be started, and nobody is under way to it. The steps are those of
// src/executors/thread/; tasks of one round wait for each other, so that one which nobody comes for stops everything.

#include <gmock/gmock.h>

#include "model/explorer.hpp"

namespace overlap::model {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr int kWorkers = 2;
constexpr int kNobody = 0;   // whom to call; otherwise a worker's number and one
constexpr int kGrow = -1;    // start a thread
constexpr int kSpawner = 1;  // kinds of task
constexpr int kPlain = 0;

struct State {
  struct Thread {
    int at = 0;
    int number = 0;
    int is_free = 0;
    int call = kNobody;
    int task = kPlain;
    int left = 0;    // tasks that the submitter has to submit in this round
    int awaits = 0;  // how many tasks must have started for the worker's one to end: those of its round
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, kWorkers + 1> threads{};
  std::array<int, kWorkers> own{};  // tasks in each worker's queue
  std::array<int, kWorkers> awake{1, 1};
  std::array<int, kWorkers> sleeps{};  // is in the list of sleepers
  int shared = 0;                      // tasks in the shared queue
  int spawners = 0;                    // of those that are not taken yet
  int free = 0;
  int asleep = 0;
  int workers = 0;  // threads that were started
  int is_closing = 0;
  int round = 0;
  int submitted = 0;
  int started = 0;
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;
using Steps = Instructions<State>;

/// What the protocol may leave out, to see that it is missed.
struct Flaws {
  bool no_word_passed_on = false;     // a free worker that finds a task does not look what is left
  bool no_look_before_sleep = false;  // the shared queue is not looked at in the section in which the worker lies down
  bool no_look_at_owners = false;     // those of the workers are not looked at after that
  bool trusts_sleepers = false;       // a free worker counts as looking though it sleeps
};

int owners(const State& state) {
  return static_cast<int>(std::ranges::count_if(state.own, [](int n) { return n > 0; }));
}
bool is_there_work(const State& state) { return state.shared > 0 || owners(state) > 0; }
int& own_of(State& state, const Thread& my) { return state.own[static_cast<std::size_t>(my.number)]; }

// Under the shared lock.
int who_comes(State& state, const Flaws& flaws) {
  if (flaws.trusts_sleepers ? state.free > 0 : state.free != state.asleep) return kNobody;
  for (std::size_t i = 0; i < kWorkers; ++i) {
    if (state.sleeps[i] == 0) continue;
    state.sleeps[i] = 0;
    --state.asleep;
    return static_cast<int>(i) + 1;
  }
  return state.workers < kWorkers ? kGrow : kNobody;
}

// Wakes or starts whom my.call names.
void make_call(State& state, Thread& my) {
  if (my.call > 0) state.awake[static_cast<std::size_t>(my.call - 1)] = 1;
  if (my.call == kGrow && state.workers < kWorkers && state.free == 0) ++state.workers;
  my.call = kNobody;
}

Instruction<State> call(int then) {
  return step<State>("calls whom it found", [then](State& state, Thread& my) {
    make_call(state, my);
    my.at = then;
  });
}

// A worker's program, by the place of each instruction.
enum InWorker : int {
  kBorn,
  kLookOwn,
  kTakeShared,
  kPassWordOn,
  kCallAfterTake,
  kSteal,
  kMarkFree,
  kLastLook,
  kLieDown,
  kLookAtOwners,
  kStayAwake,
  kSleep,
  kIsBusy,
  kSeesToWork,
  kCallsForWork,
  kRun,
  kLooksWhoLooks,
  kSeesToOwn,
  kCallsForOwn,
  kWaitForRound,
  kTaskEnds,
  kMarkFreeAtEnd,
};

Instruction<State> be_started() {
  const auto is_needed = [](const State& state, const Thread& my) { return state.workers > my.number; };
  return {{.what = "is started", .does = [](State&, Thread&) {}, .when = is_needed},
          {.what = "is never needed",
           .does = [](State&, Thread& my) { my.at = kEnd; },
           .when = [is_needed](const State& state,
                               const Thread& my) { return state.is_closing != 0 && !is_needed(state, my); }}};
}

// A task was taken without the shared lock.
void got(Thread& my, int task) {
  my.task = task;
  my.at = my.is_free != 0 ? kIsBusy : kRun;
}

Steps look_for_task(const Flaws& flaws) {
  return {step<State>("looks into its own queue",
                      [](State& state, Thread& my) {
                        if (own_of(state, my) == 0) return;
                        --own_of(state, my);
                        got(my, kPlain);
                      }),
          step<State>("looks into the shared queue",
                      [flaws](State& state, Thread& my) {
                        my.at = kSteal;
                        if (state.shared == 0) return;
                        --state.shared;
                        my.at = kCallAfterTake;
                        my.task = state.spawners > 0 ? kSpawner : kPlain;
                        if (my.task == kSpawner) --state.spawners;
                        if (my.is_free == 0) return;
                        my.is_free = 0;
                        --state.free;
                        my.at = flaws.no_word_passed_on ? kCallAfterTake : kPassWordOn;
                      }),
          step<State>("passes the word on",
                      [flaws](State& state, Thread& my) {
                        if (is_there_work(state)) my.call = who_comes(state, flaws);
                      }),
          call(kRun), step<State>("looks into the queue of the other", [](State& state, Thread& my) {
            int& tasks = state.own[static_cast<std::size_t>(1 - my.number)];
            if (tasks == 0) return;
            --tasks;
            got(my, kPlain);
          })};
}

Steps lie_down(const Flaws& flaws) {
  return {step<State>("counts itself as free",
                      [](State& state, Thread& my) {
                        if (my.is_free == 0) ++state.free;
                        my.is_free = 1;
                      }),
          step<State>("looks for work a last time",  // the queues of others need not hold still for what follows
                      [flaws](State& state, Thread& my) {
                        if (is_there_work(state) && !flaws.no_look_before_sleep) my.at = kLookOwn;
                      }),
          step<State>("lies down",
                      [flaws](State& state, Thread& my) {
                        if (state.shared > 0 && !flaws.no_look_before_sleep) {
                          my.at = kLookOwn;
                        } else if (state.is_closing != 0) {
                          --state.free;
                          my.at = kEnd;
                        } else {
                          state.awake[static_cast<std::size_t>(my.number)] = 0;
                          state.sleeps[static_cast<std::size_t>(my.number)] = 1;
                          ++state.asleep;
                        }
                      }),
          step<State>("looks whether others have tasks",
                      [flaws](State& state, Thread& my) {
                        if (owners(state) == 0 || flaws.no_look_at_owners) my.at = kSleep;
                      }),
          step<State>("gets up again, if nobody has woken it",
                      [](State& state, Thread& my) {
                        int& sleeps = state.sleeps[static_cast<std::size_t>(my.number)];
                        if (sleeps == 0) return;
                        sleeps = 0;
                        --state.asleep;
                        my.at = kLookOwn;
                      }),
          {{.what = "goes on, awake",
            .does = [](State&, Thread& my) { my.at = kLookOwn; },
            .when = [](const State& state,
                       const Thread& my) { return state.awake[static_cast<std::size_t>(my.number)] != 0; }}}};
}

Steps is_busy(const Flaws& flaws) {
  return {step<State>("is free no more",
                      [flaws](State& state, Thread& my) {
                        my.is_free = 0;
                        --state.free;
                        if (flaws.no_word_passed_on) my.at = kRun;
                      }),
          step<State>("looks what is left",
                      [flaws](State& state, Thread& my) {
                        if (is_there_work(state)) my.call = who_comes(state, flaws);
                      }),
          call(kRun)};
}

Steps run(const Flaws& flaws) {
  return {step<State>("starts the task",
                      [](State& state, Thread& my) {
                        ++state.started;
                        my.awaits = (state.started + kWorkers - 1) / kWorkers * kWorkers;
                        if (my.task == kPlain) {
                          my.at = kWaitForRound;
                          return;
                        }
                        ++own_of(state, my);  // push_own()
                        ++state.submitted;
                      }),
          step<State>("looks whether somebody looks",
                      [flaws](State& state, Thread& my) {
                        const bool somebody = flaws.trusts_sleepers ? state.free > 0 : state.free != state.asleep;
                        if (somebody || (state.asleep == 0 && state.workers >= kWorkers)) my.at = kWaitForRound;
                      }),
          step<State>("sees to its own task",
                      [flaws](State& state, Thread& my) {
                        if (is_there_work(state)) my.call = who_comes(state, flaws);
                      }),
          call(kWaitForRound),
          {{.what = "ends the task",
            .does = [](State&, Thread&) {},
            .when = [](const State& state, const Thread& my) { return state.started >= my.awaits; }}},
          step<State>("looks whether it has more to do",
                      [](State& state, Thread& my) {
                        if (own_of(state, my) > 0 || state.shared > 0) my.at = kLookOwn;
                      }),
          step<State>("counts itself as free before the task is seen done", [](State& state, Thread& my) {
            ++state.free;
            my.is_free = 1;
            my.at = kLookOwn;
          })};
}

Program<State> worker(std::string name, const Flaws& flaws) {
  return {std::move(name), Steps{be_started()} + look_for_task(flaws) + lie_down(flaws) + is_busy(flaws) + run(flaws)};
}

// ---- Who submits from outside: rounds of tasks, then the end

enum InSubmitter : int { kNextRound, kPush, kCall, kClose, kWake };

Program<State> submitter(int rounds, int first_task, const Flaws& flaws) {
  const int pushes = first_task == kSpawner ? kWorkers - 1 : kWorkers;
  return {"submitter",
          {{{.what = "begins a round",
             .does =
                 [rounds, pushes, first_task](State& state, Thread& my) {
                   if (state.round == rounds) {
                     my.at = kClose;
                     return;
                   }
                   ++state.round;
                   my.left = pushes;
                   state.spawners = first_task == kSpawner ? 1 : 0;
                 },
             .when = [](const State& state, const Thread&) { return state.started == kWorkers * state.round; }}},
           step<State>("submits a task",
                       [flaws](State& state, Thread& my) {
                         ++state.shared;
                         ++state.submitted;
                         my.call = who_comes(state, flaws);
                       }),
           step<State>("calls whom it found",
                       [](State& state, Thread& my) {
                         make_call(state, my);
                         my.at = --my.left > 0 ? kPush : kNextRound;
                       }),
           step<State>("closes",
                       [](State& state, Thread&) {
                         state.is_closing = 1;
                         state.asleep -= static_cast<int>(std::ranges::count(state.sleeps, 1));
                         state.sleeps = {};
                       }),
           step<State>("wakes all", [](State& state, Thread&) { state.awake = {1, 1}; })}};
}

Model<State> pool(int rounds, int first_task, const Flaws& flaws = {}) {
  Model<State> model;
  model.start.threads[1].number = 1;
  model.programs = {worker("worker 0", flaws), worker("worker 1", flaws), submitter(rounds, first_task, flaws)};
  model.wrong = [](const State& state) -> std::string_view {
    if (state.asleep < 0 || state.asleep > state.free || state.free > state.workers) return "a count is wrong";
    if (state.asleep != std::ranges::count(state.sleeps, 1)) return "the list of sleepers is not what is counted";
    return {};
  };
  model.wrong_at_end = [rounds](const State& state) -> std::string_view {
    if (state.started != kWorkers * rounds || is_there_work(state)) return "a task was left";
    return state.free != 0 ? "a worker that has left counts as free" : std::string_view{};
  };
  return model;
}

TEST(PoolIdle, SomebodyComesForEveryTaskFromOutside) {
  const auto result = explore(pool(3, kPlain));
  EXPECT_EQ(describe(result.violation), "");
  RecordProperty("states", std::to_string(result.states));
}

TEST(PoolIdle, SomebodyComesForWhatAWorkerSubmits) {
  const auto result = explore(pool(3, kSpawner));
  EXPECT_EQ(describe(result.violation), "");
  RecordProperty("states", std::to_string(result.states));
}

TEST(PoolIdle, FreeWorkerThatPassesNoWordOnIsFoundOut) {
  const auto result = explore(pool(3, kPlain, {.no_word_passed_on = true}));
  EXPECT_THAT(describe(result.violation), StartsWith("for ever at a standstill"));
}

TEST(PoolIdle, SleepWithoutALookAtTheSharedQueueIsFoundOut) {
  const auto result = explore(pool(3, kPlain, {.no_look_before_sleep = true}));
  EXPECT_THAT(describe(result.violation), StartsWith("for ever at a standstill"));
}

TEST(PoolIdle, SleepWithoutALookAtTheOthersQueuesIsFoundOut) {
  const auto result = explore(pool(3, kSpawner, {.no_look_at_owners = true}));
  EXPECT_THAT(describe(result.violation), HasSubstr("for ever at a standstill"));
}

TEST(PoolIdle, TrustInWorkersThatSleepIsFoundOut) {
  const auto result = explore(pool(3, kPlain, {.trusts_sleepers = true}));
  EXPECT_THAT(describe(result.violation), StartsWith("for ever at a standstill"));
}

}  // namespace
}  // namespace overlap::model
