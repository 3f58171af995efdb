// The state word, parking on it and the continuations are modelled in tests/model, step by step as below, and every
// order in which a few threads can take these steps is explored: one alone takes a task, no sleeper is left asleep, no
// continuation is lost or fired twice, no freed node is touched. A step moved here has to move there. The models assume
//   1. that all threads see the steps in one order. That the processor's freedom does not matter is argued at each
//      operation, which names the one that it pairs with;
//   2. that futex_wait compares and falls asleep in one step, which every wake comes before or after, and that it may
//      return for no reason;
//   3. that a section under the list's lock meets no other on the same node, and nobody holds two: nodes share locks;
//   4. that who calls owns a reference, or borrows one from somebody who cannot let go before the call has had effect.

#include <overlap/core/detail/task_node.hpp>

#include <algorithm>
#include <array>

#include <overlap/core/detail/pause.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/mutex.hpp>

#include "core/futex.hpp"

namespace overlap::detail {
namespace {

thread_local const CurrentHome* current_home = nullptr;
thread_local RunningTask* current_task = nullptr;

// The continuation lists of all nodes share a few locks, so that a node needs no mutex of its own. A lock is only held
// to link and unlink, never while anything is fired.
Mutex& list_lock(const TaskNode* node) noexcept {
  struct alignas(64) Padded {
    Mutex mutex;
  };
  static std::array<Padded, 64> locks;
  return locks[(reinterpret_cast<std::uintptr_t>(node) >> 6) % locks.size()].mutex;
}

}  // namespace

const CurrentHome* CurrentHome::find(const void* home) noexcept {
  if (home == nullptr) return nullptr;
  const CurrentHome* at = current_home;
  while (at != nullptr && at->home_ != home) at = at->outer_;
  return at;
}

void CurrentHome::check_may_wait() const {
  if (kind_ == Kind::loop) {
    throw WouldDeadlock("a task of an event loop waits, blocked, for another task of the same loop: co_await it");
  }
  if (kind_ == Kind::completer) {
    throw WouldDeadlock("a done callback of a process pool waits, blocked, for another task of the same pool");
  }
}

CurrentHome::CurrentHome(const void* home, Kind kind, Helper* helper) noexcept
    : home_(home), kind_(kind), helper_(helper), outer_(std::exchange(current_home, this)) {}

CurrentHome::~CurrentHome() { current_home = outer_; }

TaskPtr CurrentHome::hold(TaskNode& task) const noexcept {
  if (helper_ != nullptr) {
    if (TaskPtr taken = helper_->take_back(task)) return taken;
  }
  return TaskPtr::share(&task);
}

RunningTask::RunningTask(const TaskNode& node, Worker& worker) noexcept
    : node_(&node), worker_(worker), outer_(current_task) {
  current_task = this;
}

RunningTask::~RunningTask() { current_task = outer_; }

void RunningTask::about_to_end(const TaskNode& node) noexcept {
  if (current_task == nullptr || current_task->node_ != &node) return;
  current_task->node_ = nullptr;
  current_task->worker_.task_ends();
}

void RunningTask::goes_on() noexcept {
  if (current_task != nullptr && current_task->node_ == nullptr) current_task->worker_.is_kept_busy();
}

bool TaskNode::try_start() noexcept {
  std::uint32_t word = word_.load(std::memory_order_relaxed);
  while ((word & kPhaseMask) == pending) {
    // acquire: pairs with the release by which the submitter handed the node over, when a helper claims it unqueued.
    if (word_.compare_exchange_weak(word, (word & ~kPhaseMask) | running, std::memory_order_acq_rel)) return true;
  }
  return false;
}

bool TaskNode::try_cancel() noexcept {
  const TaskPtr keep = TaskPtr::share(this);  // whoever is woken may drop the last handle
  std::uint32_t word = word_.load(std::memory_order_acquire);
  while ((word & kPhaseMask) == pending) {
    // One step decides between start and cancel; the winner alone touches the callable after it. Its acquire is that of
    // a start and its release that of publish().
    if (!word_.compare_exchange_weak(word, cancelled, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    drop_call();
    settle(word);
    return true;
  }
  return (word & kPhaseMask) == cancelled;
}

bool TaskNode::try_fail(std::exception_ptr error) noexcept {
  const TaskPtr keep = TaskPtr::share(this);
  if (!try_start()) return false;
  fail(std::move(error));
  return true;
}

void TaskNode::fail(std::exception_ptr error) noexcept {
  drop_call();
  error_ = std::move(error);
  publish(finished);
}

void TaskNode::finish_cancelled() noexcept {
  drop_call();
  publish(cancelled);
}

void TaskNode::publish(Phase end) noexcept {
  RunningTask::about_to_end(*this);
  // release: pairs with the acquire in phase(), so that who sees "done" sees the result. The flags leave with the old
  // word; who sets one later sees "done" and acts on it alone.
  settle(word_.exchange(end, std::memory_order_acq_rel));
}

void TaskNode::settle(std::uint32_t old_word) noexcept {
  if ((old_word & kHasParked) != 0) futex_wake_all(word_);
  if ((old_word & kHasContinuations) == 0) return;

  Continuation* list = nullptr;
  {
    const MutexLock lock(list_lock(this));
    list = std::exchange(head_, nullptr);
    tail_ = nullptr;
    for (Continuation* link = list; link != nullptr; link = link->next_) link->linked_ = false;
  }
  // Two chains, since firing one may delete it: waiters go first.
  Continuation* callbacks = nullptr;
  Continuation** callbacks_end = &callbacks;
  while (list != nullptr) {
    Continuation* const link = std::exchange(list, list->next_);
    if (link->kind_ == Continuation::Kind::waiter) {
      link->fire(*this);
    } else {
      link->next_ = nullptr;
      *callbacks_end = link;
      callbacks_end = &link->next_;
    }
  }
  if (callbacks != nullptr) RunningTask::goes_on();
  while (callbacks != nullptr) {
    Continuation* const link = std::exchange(callbacks, callbacks->next_);
    link->fire(*this);
  }
}

namespace {

/// To sleep and be woken costs more than to look for a few microseconds whether another CPU finishes the task.
bool spin_until_done(const TaskNode& node) noexcept {
  static const int spins = has_other_cpus() ? 200 : 0;
  for (int i = 0; i < spins; ++i) {
    if (node.done()) return true;
    pause();
  }
  return false;
}

}  // namespace

bool TaskNode::wait(std::optional<TimePoint> deadline) noexcept {
  if (spin_until_done(*this)) return true;
  // acquire, of every look at the word: pairs with the release of who ends the task. The flag needs no order but that
  // of the word itself, since a sleeper leaves nothing else for the completer to read.
  std::uint32_t word = word_.load(std::memory_order_acquire);
  while ((word & kPhaseMask) < finished) {
    if (deadline && Clock::now() >= *deadline) return done();
    if ((word & kHasParked) == 0 &&
        !word_.compare_exchange_weak(word, word | kHasParked, std::memory_order_acq_rel, std::memory_order_acquire)) {
      continue;
    }
    futex_wait(word_, word | kHasParked, deadline);
    word = word_.load(std::memory_order_acquire);
  }
  return true;
}

bool TaskNode::help_or_wait(std::optional<TimePoint> deadline) {
  if (done()) return true;
  if (deadline && *deadline <= Clock::now()) return done();  // a poll runs nothing
  const CurrentHome* const home = CurrentHome::find(this->home());
  if (home == nullptr) return wait(deadline);
  home->check_may_wait();
  if (has_time_limit(deadline)) return lend_and_wait(*home, *deadline);
  if (!try_start()) return wait(deadline);
  const TaskPtr keep = home->hold(*this);  // the task may drop the very handle that is waited on
  run(RunMode::to_completion);
  return true;
}

/// A worker that ran the task itself could not look at the clock.
bool TaskNode::lend_and_wait(const CurrentHome& home, TimePoint deadline) noexcept {
  CurrentHome::Helper* const helper = home.helper();
  if (helper == nullptr || phase() != pending) return wait(deadline);
  if (helper->may_be_taken()) {
    if (wait(std::min(deadline, Clock::now() + kPatience))) return true;
    if (phase() != pending) return wait(deadline);
  }
  helper->lend(*this);
  return wait(deadline);
}

bool TaskNode::add(Continuation& continuation) noexcept {
  const MutexLock lock(list_lock(this));
  // Set before linking: a completer that takes the flag away must take the lock too, and so finds what is linked here.
  // release: pairs with the acquire of that completer, so that its turn at the lock comes after this one. acquire:
  // pairs with its release when it was first.
  const std::uint32_t word = word_.fetch_or(kHasContinuations, std::memory_order_acq_rel);
  if ((word & kPhaseMask) >= finished) return false;
  continuation.linked_ = true;
  continuation.previous_ = tail_;
  continuation.next_ = nullptr;
  (tail_ == nullptr ? head_ : tail_->next_) = &continuation;
  tail_ = &continuation;
  return true;
}

bool TaskNode::remove(Continuation& continuation) noexcept {
  const MutexLock lock(list_lock(this));
  if (!continuation.linked_) return false;
  (continuation.previous_ == nullptr ? head_ : continuation.previous_->next_) = continuation.next_;
  (continuation.next_ == nullptr ? tail_ : continuation.next_->previous_) = continuation.previous_;
  continuation.linked_ = false;
  return true;
}

}  // namespace overlap::detail
