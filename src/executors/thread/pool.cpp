// Shutdown, step by step:
//   1. state_ says closing, set under the shared lock: every later enqueue() throws.
//   2. cancel_pending: the queues are moved out, and each task cancelled, outside the locks.
//   3. Every worker that sleeps is woken. A worker leaves when it finds no work.
//   4. wait: the threads are joined, by one caller; others wait for it.
// A pool breaks in the same way, but all queued tasks fail.

#include "executors/thread/pool.hpp"

#include <fmt/format.h>

#include <overlap/core/hook.hpp>

#include "core/futex.hpp"
#include "executors/thread/worker.hpp"

namespace overlap {

using detail::CurrentHome;
using detail::MutexLock;
using detail::RunMode;
using detail::SpinGuard;
using detail::TaskPtr;
using detail::TaskQueue;

ThreadPoolExecutor::Pool::Pool(Options options)
    : options_(std::move(options)),
      max_workers_(options_.max_workers != 0 ? options_.max_workers : available_cpus()),
      may_spin_(available_cpus() > 1) {}

ThreadPoolExecutor::Pool::~Pool() {
  for (Worker* worker = first_worker_; worker != nullptr;) delete std::exchange(worker, worker->next);
}

void ThreadPoolExecutor::Pool::enqueue(TaskPtr task) {
  if (fork_guard_.is_in_child()) {
    throw BrokenExecutor(options_.name + ": the pool belongs to the process that this one was forked from");
  }
  task->set_home(this);
  Worker* const me = Worker::current(*this);
  if (me != nullptr && options_.max_queued == 0) {
    push_own(*me, std::move(task));
  } else {
    push_shared(std::move(task), me != nullptr);
  }
}

void ThreadPoolExecutor::Pool::push_own(Worker& me, TaskPtr task) {
  TaskQueue done;
  {
    SpinGuard lock(me.lock);
    if (state_ != State::open) {
      lock.unlock();
      refuse();
    }
    me.push(std::move(task), done);
  }
  const detail::WorkerCounts::Now now = counts_.now();
  if (now.somebody_looks() || (now.asleep == 0 && workers_ >= max_workers_)) return;
  see_to_work();
}

void ThreadPoolExecutor::Pool::push_shared(TaskPtr task, bool from_worker) {
  TaskQueue done;
  while (true) {
    SpinGuard lock(shared_lock_);
    if (state_ != State::open) {
      lock.unlock();
      refuse();
    }
    if (is_full()) shared_.sweep(done);
    if (!is_full()) {
      shared_.push(std::move(task), done);
      note_size();
      const Call whom = who_comes();
      lock.unlock();
      call(whom);
      return;
    }
    if (from_worker) {  // one that waited here could be the one that everybody waits for
      lock.unlock();
      if (task->try_start()) task->run(RunMode::to_completion);
      return;
    }
    const std::uint32_t before = room_;
    ++waiting_for_room_;
    lock.unlock();
    detail::futex_wait(room_, before, std::nullopt);
    const SpinGuard again(shared_lock_);
    --waiting_for_room_;
  }
}

void ThreadPoolExecutor::Pool::refuse() {
  const MutexLock lock(mutex_);
  if (broken_) throw BrokenThreadPool(*broken_);
  throw BrokenExecutor(options_.name + ": submit after shutdown");
}

bool ThreadPoolExecutor::Pool::is_full() const {
  return options_.max_queued != 0 && shared_.size() >= options_.max_queued;
}

ThreadPoolExecutor::Pool::Call ThreadPoolExecutor::Pool::who_comes() {
  const detail::WorkerCounts::Now now = counts_.now();
  if (now.somebody_looks()) return {};
  if (sleepers_ == nullptr) return {.grow = workers_ < max_workers_};
  Worker* const sleeper = std::exchange(sleepers_, sleepers_->next_sleeper);
  counts_.remove_asleep();  // it looks from now on: nobody wakes another until it has found out
  return {.wake = sleeper};
}

void ThreadPoolExecutor::Pool::call(Call whom) {
  if (whom.wake != nullptr) {
    whom.wake->awake.store(1, std::memory_order_release);
    detail::futex_wake_all(whom.wake->awake);
  } else if (whom.grow) {
    grow();
  }
}

/// If there is work, sees to it that somebody comes for it.
void ThreadPoolExecutor::Pool::see_to_work() {
  SpinGuard lock(shared_lock_);
  const Call whom = is_there_work() ? who_comes() : Call{};
  lock.unlock();
  call(whom);
}

void ThreadPoolExecutor::Pool::grow() {
  MutexLock lock(mutex_);
  if (workers_ >= max_workers_ || counts_.now().free != 0) return;
  if (start_worker({}) || workers_ != 0) return;  // without another thread the work waits for those that exist
  lock.unlock();
  break_pool(fmt::format("{}: no thread could be started", options_.name));
}

bool ThreadPoolExecutor::Pool::start_worker(const TaskPtr& lent) {
  Worker* place = nullptr;
  try {
    place = &free_slot();
    place->stands_in = static_cast<bool>(lent);
    if (lent) ended_threads_.reserve(stand_ins_ + 1);  // so that none of them fails to end
    threads_.emplace_back([self = shared_from_this(), place, lent] { self->run_worker(*place, lent); });
    if (lent) {
      ++stand_ins_;
    } else {
      ++workers_;
    }
    return true;
  } catch (const std::exception&) {  // out of threads or memory
    if (place != nullptr) place->in_use = false;
    return false;
  }
}

/// A thread that stands in for a worker, which waits and must look at the clock: it runs that very task and leaves.
/// Without a thread to be had, the task waits for a worker as others do.
void ThreadPoolExecutor::Pool::lend(TaskPtr task) noexcept {
  std::vector<std::thread> ended;
  {
    const MutexLock lock(mutex_);
    ended = std::move(ended_threads_);
    ended_threads_.clear();
    start_worker(task);
  }
  for (std::thread& thread : ended) thread.join();
}

ThreadPoolExecutor::Pool::Worker& ThreadPoolExecutor::Pool::free_slot() {
  Worker* worker = first_worker_;
  if (slots_ != workers_ + stand_ins_) {
    while (worker->in_use) worker = worker->next;
  } else {
    worker = new Worker(*this, slots_, worker);
    ++slots_;
    first_worker_ = worker;
  }
  worker->in_use = true;
  return *worker;
}

void ThreadPoolExecutor::Pool::shutdown(ShutdownOptions options) {
  if (fork_guard_.is_in_child()) {  // nothing runs, nobody can be joined, and a lock may be held for ever
    keep_for_ever();
    return;
  }
  if (options.wait && CurrentHome::find(this) != nullptr) {
    throw WouldDeadlock(options_.name + ": a worker cannot wait for the shutdown of its own pool");
  }
  TaskQueue cancelled;
  close(State::closing, options.cancel_pending, cancelled);
  while (const TaskPtr task = cancelled.pop()) task->try_cancel();
  if (options.wait) join();
}

void ThreadPoolExecutor::Pool::destroy() {
  const bool on_own_thread = !fork_guard_.is_in_child() && CurrentHome::find(this) != nullptr;
  shutdown({.wait = !on_own_thread});
  if (on_own_thread) detail::ExitRegistry::leave_to_itself(shared_from_this(), options_.name);
}

/// Refuses new work and lets workers without work leave. `taken` gets what has not started, if `take_tasks`.
void ThreadPoolExecutor::Pool::close(State state, bool take_tasks, TaskQueue& taken) {
  Worker* woken = nullptr;
  {
    const SpinGuard lock(shared_lock_);
    if (state_ != State::broken) state_ = state;
    if (take_tasks) {
      taken.append(shared_.take_all());
      note_size();
    }
    for (woken = sleepers_; sleepers_ != nullptr; sleepers_ = sleepers_->next_sleeper) counts_.remove_asleep();
    room_.fetch_add(1);
  }
  // Later pushes to these queues are refused, since their locks are taken after state_ was set.
  for (Worker* worker = first_worker_; take_tasks && worker != nullptr; worker = worker->next) {
    taken.append(worker->take_all());
  }
  while (woken != nullptr) call({.wake = std::exchange(woken, woken->next_sleeper)});
  detail::futex_wake_all(room_);
}

void ThreadPoolExecutor::Pool::break_pool(std::string why) {
  TaskQueue failed;
  {
    const MutexLock lock(mutex_);
    if (!broken_) broken_ = why;
  }
  close(State::broken, true, failed);
  const auto error = std::make_exception_ptr(BrokenThreadPool(why));
  while (const TaskPtr task = failed.pop()) task->try_fail(error);
}

void ThreadPoolExecutor::Pool::join() {
  const MutexLock one_at_a_time(join_mutex_);
  while (true) {
    std::vector<std::thread> threads;
    {
      const MutexLock lock(mutex_);
      std::swap(threads, threads_);
      for (std::thread& thread : ended_threads_) threads.push_back(std::move(thread));
      ended_threads_.clear();
    }
    if (threads.empty()) return;
    for (std::thread& thread : threads) thread.join();
  }
}

/// std::thread objects that cannot be joined must not be destroyed.
void ThreadPoolExecutor::Pool::keep_for_ever() { static_cast<void>(new std::shared_ptr<Pool>(shared_from_this())); }

}  // namespace overlap
