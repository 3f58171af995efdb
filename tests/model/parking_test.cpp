// TaskNode::wait() against publish(): who sleeps on the state word is woken, whoever comes first; a wait that runs out
// of time misses no result that was there; and nobody touches a node that the last one out has freed.

#include <gmock/gmock.h>

#include "model/word.hpp"

namespace overlap::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct State {
  struct Thread {
    int at = 0;
    Word seen = 0;
    int is_asleep = 0;  // in the kernel's queue for the word
    int is_late = 0;    // its deadline has passed
    int was_done_by_then = 0;
    int answer = -1;  // of wait()
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, 4> threads{};
  Word word = kPending;
  int references = 0;
  int is_freed = 0;
  int is_touched_late = 0;  // the node, after it was freed
  int has_result = 0;
  int is_misread = 0;
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;
using Steps = Instructions<State>;

enum Who : std::size_t { first_waiter, second_waiter, completer };

void touch(State& state) {
  if (state.is_freed != 0) state.is_touched_late = 1;
}

// An instruction on the node's memory.
Instruction<State> on_node(std::string_view what, std::function<void(State&, Thread&)> does) {
  return step<State>(what, [does = std::move(does)](State& state, Thread& my) {
    touch(state);
    does(state, my);
  });
}

Steps drop_reference() {
  return {on_node("drops its reference",
                  [](State& state, Thread& my) {
                    if (--state.references != 0) my.at = kEnd;
                  }),
          on_node("frees the node", [](State& state, Thread&) { state.is_freed = 1; })};
}

// TaskNode::wait(), by the place of each instruction; then what its caller does.
enum InWait : int { kLoad, kLookAtClock, kMark, kSleep, kAsleep, kLastLook, kReadResult, kDropReference };

enum class Deadline { none, some };

// The head of the loop: what was seen decides.
void decide(Thread& my, Deadline deadline) {
  my.answer = is_done(my.seen);
  my.at = my.answer != 0 ? kReadResult : deadline == Deadline::some ? kLookAtClock : kMark;
}

Instruction<State> look_at_clock() {
  return step<State>("looks at the clock", [](State&, Thread& my) { my.at = my.is_late != 0 ? kLastLook : kMark; });
}

Instruction<State> mark(Deadline deadline) {
  Choice<State> swaps = on_node("swaps the flag in", [deadline](State& state, Thread& my) {
                          if ((my.seen & kHasParked) == 0 && !swap(state.word, my.seen, my.seen | kHasParked)) {
                            decide(my, deadline);
                          }
                        }).front();
  return {std::move(swaps),
          {.what = "fails to swap for no reason",
           .does = [deadline](State&, Thread& my) { decide(my, deadline); },
           .when = [](const State&, const Thread& my) { return (my.seen & kHasParked) == 0; },
           .is_certain = false}};
}

// The kernel compares and queues under one lock, which a wake takes too.
Instruction<State> sleep_if_same() {
  return on_node("falls asleep if the word is the same", [](State& state, Thread& my) {
    my.is_asleep = state.word == (my.seen | kHasParked);
    if (my.is_asleep == 0) my.at = kLoad;
  });
}

Instruction<State> asleep() {
  const auto wake_up = [](State&, Thread& my) {
    my.is_asleep = 0;
    my.at = kLoad;
  };
  return {{.what = "goes on, woken",
           .does = wake_up,
           .when = [](const State&, const Thread& my) { return my.is_asleep == 0; }},
          {.what = "goes on, out of time",
           .does = wake_up,
           .when = [](const State&, const Thread& my) { return my.is_asleep != 0 && my.is_late != 0; }},
          {.what = "wakes for no reason",
           .does = wake_up,
           .when = [](const State&, const Thread& my) { return my.is_asleep != 0; },
           .is_certain = false}};
}

Instruction<State> read_result() {
  return on_node("reads the result", [](State& state, Thread&) {
    state.is_misread |= phase_of(state.word) == kFinished && state.has_result == 0;
  });
}

Steps wait(Deadline deadline) {
  const Steps steps = {on_node("loads the word",
                               [deadline](State& state, Thread& my) {
                                 my.seen = state.word;
                                 decide(my, deadline);
                               }),
                       look_at_clock(),
                       mark(deadline),
                       sleep_if_same(),
                       asleep(),
                       on_node("has a last look",
                               [](State& state, Thread& my) {
                                 my.answer = is_done(state.word);
                                 my.at = my.answer != 0 ? kReadResult : kDropReference;
                               }),
                       read_result()};
  return steps + drop_reference();
}

// The other side: a worker that runs the task, and try_cancel().

Steps start(Word kept_flags, int when_lost) {
  return {on_node("loads the word",
                  [when_lost](State& state, Thread& my) {
                    my.seen = state.word;
                    if (phase_of(my.seen) != kPending) my.at = when_lost;
                  }),
          on_node("swaps the word", [kept_flags, when_lost](State& state, Thread& my) {
            if (swap(state.word, my.seen, (my.seen & kept_flags) | kRunning)) return;
            my.at = phase_of(my.seen) == kPending ? my.at - 1 : when_lost;
          })};
}

Instruction<State> exchange() {
  return on_node("exchanges the word", [](State& state, Thread& my) {
    my.seen = state.word;
    state.word = kFinished;
  });
}

void wake_all(State& state) {
  for (Thread& thread : state.threads) thread.is_asleep = 0;
}

// Stricter than futex(2), which takes the address of the word for a key: here the node must not be gone.
Instruction<State> wake_if_marked() {
  return on_node("wakes who sleeps", [](State& state, Thread& my) {
    if ((my.seen & kHasParked) != 0) wake_all(state);
  });
}

Steps take_list() {
  return {on_node("takes the continuations", [](State&, Thread&) {})};
}

Steps run(const Steps& publish, Word kept_flags = ~kPhaseMask) {
  const Steps finish =
      Steps{on_node("stores the result", [](State& state, Thread&) { state.has_result = 1; })} + publish + take_list();
  return start(kept_flags, 2 + static_cast<int>(finish.size())) + finish + drop_reference();
}
Steps run() { return run({exchange(), wake_if_marked()}); }

Steps cancel_pending(int when_lost) {
  return {on_node("loads the word",
                  [when_lost](State& state, Thread& my) {
                    my.seen = state.word;
                    if (phase_of(my.seen) != kPending) my.at = when_lost;
                  }),
          on_node("swaps the word",
                  [when_lost](State& state, Thread& my) {
                    if (swap(state.word, my.seen, kCancelled)) return;
                    my.at = phase_of(my.seen) == kPending ? my.at - 1 : when_lost;
                  }),
          wake_if_marked()};
}

// With a handle of the caller's own, let go after the call.
Steps cancel() { return cancel_pending(4) + take_list() + drop_reference(); }

// On a handle that a waiter drops when it is woken.
Steps cancel_on_borrowed_handle() {
  const Steps keep = {on_node("takes a reference", [](State& state, Thread&) { ++state.references; })};
  return keep + cancel_pending(5) + take_list() + drop_reference();
}

// The models: two waiters, each with a handle, and who ends the task. A clock makes the first one's deadline pass.

Steps deadline_passes() {
  return {step<State>("passes the deadline", [](State& state, Thread&) {
    state.threads[first_waiter].is_late = 1;
    state.threads[first_waiter].was_done_by_then = is_done(state.word);
  })};
}

std::string_view wrong(const State& state) {
  if (state.is_touched_late != 0) return "the node was touched after it was freed";
  if (state.is_misread != 0) return "a waiter came back before the result was there";
  const Thread& timed = state.threads[first_waiter];
  if (timed.at == kDropReference && timed.answer == 0 && timed.was_done_by_then != 0) return "a result was missed";
  return "";
}

std::string_view wrong_at_end(const State& state) {
  return state.is_freed != 0 && state.references == 0 ? "" : "the node was not freed";
}

Model<State> model_of(std::vector<Program<State>> programs) {
  Model<State> model{.programs = std::move(programs), .wrong = wrong, .wrong_at_end = wrong_at_end};
  model.start.references = 3;  // two handles, and that of the completer
  return model;
}

Model<State> untimed(Steps completing = run()) {
  return model_of(
      {{"waiter 1", wait(Deadline::none)}, {"waiter 2", wait(Deadline::none)}, {"completer", std::move(completing)}});
}

Model<State> timed(Steps waiting = wait(Deadline::some)) {
  return model_of({{"waiter 1", std::move(waiting)},
                   {"waiter 2", wait(Deadline::none)},
                   {"completer", run()},
                   {"clock", deadline_passes()}});
}

Model<State> cancelled_meanwhile() {
  Model<State> model = untimed();
  model.programs.push_back({"canceller", cancel()});
  ++model.start.references;
  return model;
}

Model<State> borrowed(Steps cancelling) {
  Model<State> model = model_of({{"waiter 1", wait(Deadline::none)}, {"canceller", std::move(cancelling)}});
  model.start.references = 1;
  return model;
}

std::string violation_of(const Model<State>& model) { return describe(explore(model).violation); }

TEST(ParkingModel, TwoWaitersAreWokenAndTheLastOneOutFreesTheNode) {
  const auto result = explore(untimed());
  EXPECT_TRUE(holds(result));
  EXPECT_GT(result.states, 1'000U);
  EXPECT_TRUE(may_end(result, [](const State& state) { return (state.threads[completer].seen & kHasParked) != 0; }));
  EXPECT_TRUE(may_end(result, [](const State& state) { return (state.threads[completer].seen & kHasParked) == 0; }));
}

TEST(ParkingModel, AWaitThatRunsOutOfTimeMissesNoResultAndHoldsUpNobody) {
  const auto result = explore(timed());
  EXPECT_TRUE(holds(result));
  EXPECT_TRUE(may_end(result, [](const State& state) { return state.threads[first_waiter].answer == 1; }));
  EXPECT_TRUE(may_end(result, [](const State& state) { return state.threads[first_waiter].answer == 0; }));
}

TEST(ParkingModel, WaitersAreWokenByCancelToo) {
  const auto result = explore(cancelled_meanwhile());
  EXPECT_TRUE(holds(result));
  EXPECT_TRUE(may_end(result, [](const State& state) { return phase_of(state.word) == kFinished; }));
  EXPECT_TRUE(may_end(result, [](const State& state) { return phase_of(state.word) == kCancelled; }));
}

TEST(ParkingModel, AWokenWaiterMayDropTheHandleThatCancelIsCalledOn) {
  EXPECT_TRUE(holds(explore(borrowed(cancel_on_borrowed_handle()))));
}

TEST(ParkingModel, AWakeBeforeThePublishIsCaught) {
  const Steps wake_first = {on_node("loads the last word", [](State& state, Thread& my) { my.seen = state.word; }),
                            wake_if_marked(),
                            on_node("stores FINISHED", [](State& state, Thread&) { state.word = kFinished; })};
  EXPECT_THAT(violation_of(untimed(run(wake_first))),
              AllOf(StartsWith("for ever at a standstill: waiter"), HasSubstr("falls asleep")));
}

TEST(ParkingModel, APublishThatLoadsAndStoresInsteadOfExchangingIsCaught) {
  const Steps load_then_store = {on_node("loads the last word", [](State& state, Thread& my) { my.seen = state.word; }),
                                 on_node("stores FINISHED", [](State& state, Thread&) { state.word = kFinished; }),
                                 wake_if_marked()};
  EXPECT_THAT(violation_of(untimed(run(load_then_store))),
              AllOf(StartsWith("for ever at a standstill: waiter"), HasSubstr("swaps the flag in")));
}

TEST(ParkingModel, AStartThatForgetsTheFlagsIsCaught) {
  EXPECT_THAT(violation_of(untimed(run({exchange(), wake_if_marked()}, 0))),
              StartsWith("for ever at a standstill: waiter"));
}

TEST(ParkingModel, AWakeOfOneWhereTwoSleepIsCaught) {
  const auto wake_one = on_node("wakes one", [](State& state, Thread& my) {
    if ((my.seen & kHasParked) == 0) return;
    const auto sleeper = std::ranges::find(state.threads, 1, &Thread::is_asleep);
    if (sleeper != state.threads.end()) sleeper->is_asleep = 0;
  });
  EXPECT_THAT(violation_of(untimed(run({exchange(), wake_one}))), StartsWith("for ever at a standstill: waiter"));
}

// With the instruction at one place of the first waiter's wait() replaced.
Model<State> with_other(Model<State> model, InWait place, Instruction<State> instruction) {
  model.programs[first_waiter].instructions[place] = std::move(instruction);
  return model;
}

TEST(ParkingModel, ASleepThatDoesNotCompareIsCaught) {
  const auto sleep_anyway = on_node("falls asleep", [](State&, Thread& my) { my.is_asleep = 1; });
  EXPECT_THAT(violation_of(with_other(untimed(), kSleep, sleep_anyway)),
              AllOf(StartsWith("for ever at a standstill: waiter 1"), HasSubstr("waiter 1 falls asleep")));
}

TEST(ParkingModel, ASleepWithoutTheFlagIsCaught) {
  const auto sleep_unmarked = on_node("falls asleep if the word is the same", [](State& state, Thread& my) {
    my.is_asleep = state.word == my.seen;
    if (my.is_asleep == 0) my.at = kLoad;
  });
  Model<State> model = with_other(untimed(), kSleep, sleep_unmarked);
  model = with_other(std::move(model), kMark, step<State>("does not mark the word", [](State&, Thread&) {}));
  EXPECT_THAT(violation_of(model), StartsWith("for ever at a standstill: waiter 1"));
}

TEST(ParkingModel, AFlagStoredInsteadOfSwappedInIsCaught) {
  const auto store = on_node("stores the flag", [](State& state, Thread& my) { state.word = my.seen | kHasParked; });
  EXPECT_THAT(violation_of(with_other(untimed(), kMark, store)), AllOf(HasSubstr("waiter 1 stores the flag")));
}

TEST(ParkingModel, ATimedOutWaiterThatTakesTheFlagAlongIsCaught) {
  const auto unmark = on_node("takes the flag away", [](State& state, Thread& my) {
    my.answer = is_done(state.word);
    state.word &= ~kHasParked;
    my.at = my.answer != 0 ? kReadResult : kDropReference;
  });
  EXPECT_THAT(violation_of(with_other(timed(), kLastLook, unmark)),
              AllOf(StartsWith("for ever at a standstill: waiter 2"), HasSubstr("waiter 1 takes the flag away")));
}

TEST(ParkingModel, ATimedOutWaiterThatDoesNotLookAgainIsCaught) {
  const auto leave = step<State>("leaves", [](State&, Thread& my) { my.at = kDropReference; });
  EXPECT_THAT(violation_of(with_other(timed(), kLastLook, leave)),
              AllOf(StartsWith("a result was missed"), HasSubstr("clock passes the deadline\n  waiter 1 looks")));
}

TEST(ParkingModel, ACompleterWithoutAReferenceOfItsOwnIsCaught) {
  Steps without_reference = run();
  without_reference.resize(without_reference.size() - drop_reference().size());
  Model<State> model = untimed(std::move(without_reference));
  model.start.references = 2;
  EXPECT_THAT(violation_of(model), AllOf(StartsWith("the node was touched after it was freed"),
                                         HasSubstr("completer exchanges the word"), HasSubstr("frees the node")));
}

TEST(ParkingModel, ACancelThatTakesNoReferenceIsCaught) {
  EXPECT_THAT(violation_of(borrowed(cancel_pending(4) + take_list())),
              AllOf(StartsWith("the node was touched after it was freed"), HasSubstr("waiter 1 frees the node")));
}

}  // namespace
}  // namespace overlap::model
