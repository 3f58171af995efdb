// TaskNode's continuations: add() and remove() against settle(), under the list's lock and with the flag in the state
// word. Each is fired once, or removed, or left to the one who came too late to add it; none is lost, none met twice.

#include <gmock/gmock.h>

#include "model/word.hpp"

namespace overlap::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kNone = -1;
constexpr int kLinks = 3;

struct Link {
  int previous = kNone;
  int next = kNone;
  int is_linked = 0;
  int owners = 1;  // firing lets go of one; the last one deletes
  int added = 0;   // 1 for the first that was linked, and so on
  int fired = 0;   // 1 for the first that settle() fired, and so on
  int outcomes = 0;
  bool operator==(const Link&) const = default;
};

struct State {
  struct Thread {
    int at = 0;
    Word seen = 0;
    int answer = 0;         // of add() and remove()
    int list = kNone;       // settle(): what it took
    int callbacks = kNone;  // settle(): set aside
    int callbacks_end = kNone;
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, 4> threads{};
  std::array<Link, kLinks> links{};
  Word word = kPending;
  int is_locked = 0;
  int head = kNone;
  int tail = kNone;
  int additions = 0;
  int firings = 0;
  int is_touched_late = 0;  // a continuation, after it was deleted
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;
using Steps = Instructions<State>;

// The three continuations, in the order in which they are mostly added.
enum : int { watched_waiter, callback, other_waiter };

constexpr bool is_callback(int index) { return index == callback; }

Link& touch(State& state, int index) {
  Link& link = state.links[static_cast<std::size_t>(index)];
  if (link.owners <= 0) state.is_touched_late = 1;
  return link;
}

void meet(State& state, int index) {
  Link& link = touch(state, index);
  ++link.outcomes;
  --link.owners;
}

// The instructions of task_node.cpp. None jumps further than over the next one, so programs can be put together.

Instruction<State> lock() {
  return {{.what = "locks the list",
           .does = [](State& state, Thread&) { state.is_locked = 1; },
           .when = [](const State& state, const Thread&) { return state.is_locked == 0; }}};
}

Instruction<State> unlock() {
  return step<State>("unlocks the list", [](State& state, Thread&) { state.is_locked = 0; });
}

// If the task is done already, nothing is linked.
Instruction<State> set_flag() {
  return step<State>("sets the flag", [](State& state, Thread& my) {
    my.answer = !is_done(state.word);
    state.word |= kHasContinuations;
    if (my.answer == 0) ++my.at;
  });
}

Instruction<State> link_in(int index) {
  return step<State>("links a continuation", [index](State& state, Thread&) {
    Link& link = touch(state, index);
    link.is_linked = 1;
    link.previous = state.tail;
    link.next = kNone;
    (state.tail == kNone ? state.head : touch(state, state.tail).next) = index;
    state.tail = index;
    link.added = ++state.additions;
  });
}

// What the caller of add() does when that returns false.
Steps fire_unless_added(int index) {
  return {step<State>("has added it, or not", [](State&, Thread& my) { my.at += my.answer; }),
          step<State>("fires it itself", [index](State& state, Thread&) { meet(state, index); })};
}

Steps add(int index) { return Steps{lock(), set_flag(), link_in(index), unlock()} + fire_unless_added(index); }

Steps unlink(int index) {
  return {step<State>("looks whether it is linked",
                      [index](State& state, Thread& my) {
                        my.answer = touch(state, index).is_linked;
                        if (my.answer == 0) ++my.at;
                      }),
          step<State>("unlinks it", [index](State& state, Thread&) {
            Link& link = touch(state, index);
            (link.previous == kNone ? state.head : touch(state, link.previous).next) = link.next;
            (link.next == kNone ? state.tail : touch(state, link.next).previous) = link.previous;
            link.is_linked = 0;
            meet(state, index);
          })};
}

// Whoever removes is an owner of the continuation until then.
Steps let_go(int index) {
  return {step<State>("lets go of it", [index](State& state, Thread&) { --touch(state, index).owners; })};
}

Steps remove(int index) { return Steps{lock()} + unlink(index) + Steps{unlock()} + let_go(index); }

// settle(): takes the list, then fires it.

enum class Marks { taken_off, left };

Instruction<State> take_list(Marks marks = Marks::taken_off) {
  return step<State>("takes the list", [marks](State& state, Thread& my) {
    my.list = std::exchange(state.head, kNone);
    state.tail = kNone;
    if (marks == Marks::left) return;
    for (int index = my.list; index != kNone; index = touch(state, index).next) touch(state, index).is_linked = 0;
  });
}

void fire(State& state, int index) {
  touch(state, index).fired = ++state.firings;
  meet(state, index);
}

void set_aside(State& state, Thread& my, int index) {
  touch(state, index).next = kNone;
  (my.callbacks == kNone ? my.callbacks : touch(state, my.callbacks_end).next) = index;
  my.callbacks_end = index;
}

// Again and again, until the chain is empty.
Instruction<State> fire_waiters() {
  return step<State>("fires the next waiter", [](State& state, Thread& my) {
    if (my.list == kNone) return;
    const int index = std::exchange(my.list, touch(state, my.list).next);
    if (is_callback(index)) {
      set_aside(state, my, index);
    } else {
      fire(state, index);
    }
    --my.at;
  });
}

Instruction<State> fire_chain(int Thread::* chain) {
  return step<State>("fires the next callback", [chain](State& state, Thread& my) {
    if (my.*chain == kNone) return;
    const int index = std::exchange(my.*chain, touch(state, my.*chain).next);
    fire(state, index);
    --my.at;
  });
}

Steps fire_all() { return {fire_waiters(), fire_chain(&Thread::callbacks)}; }
Steps settle() { return Steps{lock(), take_list(), unlock()} + fire_all(); }

// The completer and the canceller.

void leave_unless_pending(Thread& my) {
  if (phase_of(my.seen) != kPending) my.at = kEnd;
}

void leave_unless_flagged(Thread& my) {
  if ((my.seen & kHasContinuations) == 0) my.at = kEnd;
}

Instruction<State> load() {
  return step<State>("loads the word", [](State& state, Thread& my) {
    my.seen = state.word;
    leave_unless_pending(my);
  });
}

Instruction<State> swap_pending(Word wanted, Word kept_flags) {
  return step<State>("swaps the word", [=](State& state, Thread& my) {
    if (swap(state.word, my.seen, (my.seen & kept_flags) | wanted)) {
      if (wanted == kCancelled) leave_unless_flagged(my);
      return;
    }
    --my.at;
    leave_unless_pending(my);
  });
}

Instruction<State> exchange() {
  return step<State>("exchanges the word", [](State& state, Thread& my) {
    my.seen = std::exchange(state.word, kFinished);
    leave_unless_flagged(my);
  });
}

Steps start() { return {load(), swap_pending(kRunning, ~kPhaseMask)}; }
Steps run() { return start() + Steps{exchange()} + settle(); }
Steps cancel() { return Steps{load(), swap_pending(kCancelled, 0)} + settle(); }

// The model: a watcher that adds a waiter and takes it back, one that adds two more, and who ends the task.

bool is_list_broken(const State& state) {
  int last = kNone;
  int length = 0;
  for (int index = state.head; index != kNone && length <= kLinks; ++length) {
    const Link& link = state.links[static_cast<std::size_t>(index)];
    if (link.is_linked == 0 || link.owners <= 0 || link.previous != last) return true;
    last = std::exchange(index, link.next);
  }
  return state.tail != last || length != std::ranges::count(state.links, 1, &Link::is_linked);
}

std::string_view wrong(const State& state) {
  if (state.is_touched_late != 0) return "a continuation was touched after it was deleted";
  for (const Link& link : state.links) {
    if (link.outcomes > 1) return "a continuation was met twice";
  }
  if (state.is_locked == 0 && is_list_broken(state)) return "the list is broken";
  return "";
}

bool is_order_wrong(const State& state) {
  const auto comes_first = [&state](int one, int other) {
    const auto added = [&](int index) { return state.links[static_cast<std::size_t>(index)].added; };
    return is_callback(one) != is_callback(other) ? is_callback(other) : added(one) < added(other);
  };
  for (int one = 0; one < kLinks; ++one) {
    for (int other = 0; other < kLinks; ++other) {
      const int fired = state.links[static_cast<std::size_t>(one)].fired;
      const int fired_other = state.links[static_cast<std::size_t>(other)].fired;
      if (one == other || fired == 0 || fired_other == 0 || !comes_first(one, other)) continue;
      if (fired > fired_other) return true;
    }
  }
  return false;
}

std::string_view wrong_at_end(const State& state) {
  for (const Link& link : state.links) {
    if (link.outcomes == 0) return "a continuation was lost";
    if (link.owners != 0) return "a continuation was not deleted";
  }
  if (state.head != kNone) return "something is still linked";
  return is_order_wrong(state) ? "fired in the wrong order" : "";
}

enum Who : std::size_t { watcher, adder, completer, canceller };

Model<State> correct() {
  Model<State> model{.programs = {{"watcher", add(watched_waiter) + remove(watched_waiter)},
                                  {"adder", add(callback) + add(other_waiter)},
                                  {"completer", run()},
                                  {"canceller", cancel()}},
                     .wrong = wrong,
                     .wrong_at_end = wrong_at_end};
  model.start.links[watched_waiter].owners = 2;
  return model;
}

std::string violation_with(Who who, Steps steps) {
  Model<State> model = correct();
  model.programs[who].instructions = std::move(steps);
  return describe(explore(model).violation);
}

TEST(ContinuationsModel, EachIsFiredOnceOrRemovedOrLeftToItsAdder) {
  const auto result = explore(correct());
  EXPECT_TRUE(holds(result));
  EXPECT_GT(result.states, 1'000U);
  const auto all_fired = [](const State& state) { return state.firings == kLinks; };
  const auto none_fired = [](const State& state) { return state.firings == 0; };
  const auto none_added = [](const State& state) { return state.additions == 0; };
  EXPECT_TRUE(may_end(result, all_fired));
  EXPECT_TRUE(may_end(result, none_fired));
  EXPECT_TRUE(may_end(result, none_added));
  for (Word end : {kFinished, kCancelled}) {
    EXPECT_TRUE(may_end(result, [end](const State& state) { return phase_of(state.word) == end; })) << end;
  }
}

constexpr const char* kLost = "a continuation was lost";

TEST(ContinuationsModel, AFlagSetAfterLinkingIsCaught) {
  const auto look = step<State>("loads the word", [](State& state, Thread& my) {
    my.answer = !is_done(state.word);
    if (my.answer == 0) my.at += 2;
  });
  const auto set = step<State>("sets the flag", [](State& state, Thread&) { state.word |= kHasContinuations; });
  const Steps add_late = Steps{lock(), look, link_in(callback), set, unlock()} + fire_unless_added(callback);
  EXPECT_THAT(violation_with(adder, add_late + add(other_waiter)),
              AllOf(StartsWith(kLost), HasSubstr("canceller swaps the word\n  adder sets the flag")));
}

TEST(ContinuationsModel, AFlagSetBeforeTheLockIsTakenIsCaught) {
  const auto set = step<State>("sets the flag", [](State& state, Thread& my) {
    my.answer = !is_done(state.word);
    state.word |= kHasContinuations;
    if (my.answer == 0) my.at += 3;
  });
  const Steps add_early = Steps{set, lock(), link_in(callback), unlock()} + fire_unless_added(callback);
  EXPECT_THAT(violation_with(adder, add_early + add(other_waiter)), StartsWith(kLost));
}

TEST(ContinuationsModel, AnAddThatDoesNotLookWhetherTheTaskIsDoneIsCaught) {
  const auto set = step<State>("sets the flag", [](State& state, Thread& my) {
    my.answer = 1;
    state.word |= kHasContinuations;
  });
  const Steps add_anyway = Steps{lock(), set, link_in(callback), unlock()} + fire_unless_added(callback);
  EXPECT_THAT(violation_with(adder, add_anyway + add(other_waiter)), StartsWith(kLost));
}

TEST(ContinuationsModel, APublishThatLoadsAndStoresInsteadOfExchangingIsCaught) {
  const Steps load_then_store = {
      step<State>("loads the last word", [](State& state, Thread& my) { my.seen = state.word; }),
      step<State>("stores FINISHED", [](State& state, Thread& my) {
        state.word = kFinished;
        leave_unless_flagged(my);
      })};
  EXPECT_THAT(violation_with(completer, start() + load_then_store + settle()),
              AllOf(StartsWith(kLost), HasSubstr("completer loads the last word")));
}

TEST(ContinuationsModel, AStartThatForgetsTheFlagsIsCaught) {
  EXPECT_THAT(violation_with(completer, Steps{load(), swap_pending(kRunning, 0), exchange()} + settle()),
              StartsWith(kLost));
}

TEST(ContinuationsModel, AListTakenWithoutTheLockIsCaught) {
  EXPECT_THAT(
      violation_with(completer, start() + Steps{exchange(), take_list()} + fire_all()),
      AllOf(StartsWith("a continuation was met twice"), HasSubstr("completer takes the list\n  watcher unlinks")));
}

TEST(ContinuationsModel, ATakenListThatStillLooksLinkedIsCaught) {
  EXPECT_THAT(
      violation_with(completer, start() + Steps{exchange(), lock(), take_list(Marks::left), unlock()} + fire_all()),
      StartsWith("the list is broken"));
}

TEST(ContinuationsModel, ARemoveWithoutTheLockIsCaught) {
  EXPECT_THAT(violation_with(watcher, add(watched_waiter) + unlink(watched_waiter) + let_go(watched_waiter)),
              AllOf(StartsWith("a continuation was met twice"), HasSubstr("watcher looks whether it is linked")));
}

TEST(ContinuationsModel, ANextLinkReadAfterFiringIsCaught) {
  const auto fire_then_read = step<State>("fires the next callback, then reads the link", [](State& state, Thread& my) {
    if (my.callbacks == kNone) return;
    fire(state, my.callbacks);
    my.callbacks = touch(state, my.callbacks).next;
    --my.at;
  });
  EXPECT_THAT(violation_with(completer, start() + Steps{exchange(), lock(), take_list(), unlock(), fire_waiters()} +
                                            Steps{fire_then_read}),
              StartsWith("a continuation was touched after it was deleted"));
}

TEST(ContinuationsModel, CallbacksFiredAmongTheWaitersAreCaught) {
  EXPECT_THAT(violation_with(completer, start() + Steps{exchange(), lock(), take_list(), unlock()} +
                                            Steps{fire_chain(&Thread::list)}),
              StartsWith("fired in the wrong order"));
}

}  // namespace
}  // namespace overlap::model
