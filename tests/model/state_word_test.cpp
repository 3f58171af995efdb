// TaskNode's state word: who takes a task that a worker starts, futures cancel and a shutdown fails, all at once; and
// that callable and result are only touched by the one that took it, the result only read when the word says so.

#include <gmock/gmock.h>

#include "model/word.hpp"

namespace overlap::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

enum class Result : int { none, half, value, error };

struct State {
  struct Thread {
    int at = 0;
    Word seen = 0;
    int has_taken = 0;  // it is the one that ended PENDING
    int answer = 0;     // of try_cancel()
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, 6> threads{};
  Word word = kPending;
  Word settled = 0;  // the last word before the end, which settle() acts on
  int at_call = 0;   // threads that use or destroy the callable
  int drops = 0;
  int is_touched_late = 0;  // the callable, after it was dropped
  int is_misread = 0;       // the result, by somebody who was told that it is there
  Result result = Result::none;
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;
using Steps = Instructions<State>;

// The instructions of task_node.cpp and result_node.hpp.

void give_up(Thread& my) {
  my.answer = phase_of(my.seen) == kCancelled;
  my.at = kEnd;
}

Instruction<State> load() {
  return step<State>("loads the word", [](State& state, Thread& my) {
    my.seen = state.word;
    if (phase_of(my.seen) != kPending) give_up(my);
  });
}

// A weak compare-and-swap that fails for no reason is tried again and leaves all as it was: no state of its own.
Instruction<State> swap_pending(Word wanted, Word kept_flags) {
  return step<State>("swaps the word", [=](State& state, Thread& my) {
    if (!swap(state.word, my.seen, (my.seen & kept_flags) | wanted)) {
      --my.at;
      if (phase_of(my.seen) != kPending) give_up(my);
      return;
    }
    my.has_taken = 1;
    my.answer = wanted == kCancelled;
    if (wanted == kCancelled) state.settled = my.seen;
  });
}

Steps start() { return {load(), swap_pending(kRunning, ~kPhaseMask)}; }
Steps take_to_cancel() { return {load(), swap_pending(kCancelled, 0)}; }

void come_to_call(State& state, Thread&) {
  ++state.at_call;
  if (state.drops > 0) state.is_touched_late = 1;
}

Steps call() {
  return {step<State>("calls the callable", come_to_call),
          step<State>("comes back", [](State& state, Thread&) { --state.at_call; })};
}

Steps drop_call() {
  return {step<State>("begins to drop the callable", come_to_call),
          step<State>("has dropped the callable", [](State& state, Thread&) {
            --state.at_call;
            ++state.drops;
          })};
}

Steps store(Result result) {
  return {step<State>("begins to store the result", [](State& state, Thread&) { state.result = Result::half; }),
          step<State>("has stored the result", [result](State& state, Thread&) { state.result = result; })};
}

Steps publish() {
  return {step<State>("exchanges the word", [](State& state, Thread&) {
    state.settled = state.word;
    state.word = kFinished;
  })};
}

Steps read_if_finished() {
  return {step<State>("loads the word",
                      [](State& state, Thread& my) {
                        if (phase_of(state.word) != kFinished) my.at = kEnd;
                      }),
          step<State>("reads the result", [](State& state, Thread&) {
            state.is_misread = state.result != Result::value && state.result != Result::error;
          })};
}

Steps set_flag() {
  return {step<State>("sets a flag", [](State& state, Thread& my) {
    my.seen = state.word;
    state.word |= kHasContinuations;
  })};
}

Steps finish() { return store(Result::value) + drop_call() + publish(); }
Steps fail() { return drop_call() + store(Result::error) + publish(); }

// The model: six threads at one task.

enum Who : std::size_t { worker, shutdown, canceller, second_canceller, reader, watcher };

Word end_that(const State& state) {
  const auto& threads = state.threads;
  return threads[worker].has_taken + threads[shutdown].has_taken > 0 ? kFinished : kCancelled;
}

int takers(const State& state) {
  int count = 0;
  for (const Thread& thread : state.threads) count += thread.has_taken;
  return count;
}

// The watcher found the task not done, so who ends it must find the flag.
bool is_flag_missed(const State& state) {
  const Thread& watching = state.threads[watcher];
  return watching.at == kEnd && !is_done(watching.seen) && (state.settled & kHasContinuations) == 0;
}

std::string_view wrong(const State& state) {
  const bool is_finished = phase_of(state.word) == kFinished;
  if (takers(state) > 1) return "two have taken the task";
  if (state.at_call > 1) return "two are at the callable";
  if (state.is_touched_late != 0) return "the callable was touched after it was dropped";
  if (state.drops > 1) return "the callable was dropped twice";
  if (state.is_misread != 0) return "the result was read before it was there";
  if (is_done(state.word) && is_flag_missed(state)) return "a flag was lost";
  if (is_finished && state.drops == 0) return "finished before the callable was dropped";
  return "";
}

std::string_view wrong_at_end(const State& state) {
  const auto& threads = state.threads;
  const Word end = phase_of(state.word);
  if (takers(state) != 1) return "nobody has taken the task";
  if (end != end_that(state)) return "it did not end as the one that took it says";
  if (state.drops != 1) return "the callable was not dropped";
  if (threads[worker].has_taken != 0 && state.result != Result::value) return "its value is gone";
  if (threads[shutdown].has_taken != 0 && state.result != Result::error) return "its error is gone";
  for (Who who : {canceller, second_canceller}) {
    if (threads[who].answer != (end == kCancelled)) return "cancel() gave the wrong answer";
  }
  return "";
}

Model<State> correct() {
  return {.programs = {{"worker", start() + call() + finish()},
                       {"shutdown", start() + fail()},
                       {"canceller", take_to_cancel() + drop_call()},
                       {"second canceller", take_to_cancel() + drop_call()},
                       {"reader", read_if_finished()},
                       {"watcher", set_flag()}},
          .wrong = wrong,
          .wrong_at_end = wrong_at_end};
}

std::string violation_with(Who who, Steps steps) {
  Model<State> model = correct();
  model.programs[who].instructions = std::move(steps);
  return describe(explore(model).violation);
}

TEST(StateWordModel, ExactlyOneOfStartCancelAndShutdownTakesTheTask) {
  const auto result = explore(correct());
  EXPECT_TRUE(holds(result));
  EXPECT_GT(result.states, 1'000U);
  for (Who who : {worker, shutdown, canceller, second_canceller}) {
    EXPECT_TRUE(may_end(result, [who](const State& state) { return state.threads[who].has_taken != 0; })) << who;
  }
}

TEST(StateWordModel, ACancelledTaskIsSeenDoneBeforeItsCallableIsGone) {
  // Waiters and callbacks come after it; who polls done() may be earlier than the canceller drops the callable.
  Model<State> model = correct();
  model.wrong = [](const State& state) { return is_done(state.word) && state.drops == 0 ? "done before" : ""; };
  const auto violation = explore(model).violation;
  ASSERT_TRUE(violation);
  EXPECT_THAT(violation->trace, testing::ElementsAre("canceller loads the word", "canceller swaps the word"));
}

TEST(StateWordModel, AStartThatStoresWhatItDidNotSwapIsCaught) {
  const Steps start_by_store = {load(), step<State>("stores RUNNING", [](State& state, Thread& my) {
                                  state.word = (my.seen & ~kPhaseMask) | kRunning;
                                  my.has_taken = 1;
                                })};
  EXPECT_THAT(violation_with(worker, start_by_store + call() + finish()),
              AllOf(StartsWith("two have taken the task"), HasSubstr("worker stores RUNNING")));
}

TEST(StateWordModel, AStartThatForgetsTheFlagsIsCaught) {
  EXPECT_THAT(violation_with(worker, Steps{load(), swap_pending(kRunning, 0)} + call() + finish()),
              AllOf(StartsWith("a flag was lost"), HasSubstr("watcher sets a flag")));
}

TEST(StateWordModel, ACancelThatDropsTheCallableBeforeItHasWonIsCaught) {
  EXPECT_THAT(violation_with(canceller, Steps{load()} + drop_call() + Steps{swap_pending(kCancelled, 0)}),
              AllOf(StartsWith("two are at the callable"), HasSubstr("canceller begins to drop the callable")));
}

TEST(StateWordModel, AShutdownThatFailsWhatItHasNotStartedIsCaught) {
  EXPECT_THAT(violation_with(shutdown, fail()),
              AllOf(StartsWith("two are at the callable"), HasSubstr("shutdown begins to drop the callable")));
}

TEST(StateWordModel, AResultPublishedBeforeItIsStoredIsCaught) {
  EXPECT_THAT(violation_with(worker, start() + call() + drop_call() + publish() + store(Result::value)),
              AllOf(StartsWith("the result was read before it was there"),
                    HasSubstr("worker exchanges the word\n  reader loads the word")));
}

TEST(StateWordModel, AResultPublishedBeforeTheCallableIsDroppedIsCaught) {
  EXPECT_THAT(violation_with(worker, start() + call() + store(Result::value) + publish() + drop_call()),
              AllOf(StartsWith("finished before the callable was dropped"), HasSubstr("worker exchanges the word")));
}

TEST(StateWordModel, APublishThatLoadsAndStoresInsteadOfExchangingIsCaught) {
  const Steps load_then_store = {
      step<State>("loads the last word", [](State& state, Thread&) { state.settled = state.word; }),
      step<State>("stores FINISHED", [](State& state, Thread&) { state.word = kFinished; })};
  EXPECT_THAT(violation_with(worker, start() + call() + store(Result::value) + drop_call() + load_then_store),
              AllOf(StartsWith("a flag was lost"),
                    HasSubstr("worker loads the last word\n  watcher sets a flag\n  worker stores FINISHED")));
}

}  // namespace
}  // namespace overlap::model
