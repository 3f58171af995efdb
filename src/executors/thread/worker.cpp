#include "executors/thread/worker.hpp"

#include <pthread.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <overlap/core/hook.hpp>

#include "core/futex.hpp"

namespace overlap {

using detail::CurrentHome;
using detail::RunMode;
using detail::SpinGuard;
using detail::TaskPtr;
using detail::TaskQueue;

namespace {

// Tasks that take longer are fetched one by one, so that none waits behind another while a worker is free.
constexpr Duration kShortTask = std::chrono::microseconds(1);
constexpr std::size_t kLargestBatch = 16;
// One turn in so many looks elsewhere first: no queue starves, however full the one before it is kept.
constexpr std::uint32_t kLookElsewhere = 16;
// A worker without work looks for some microseconds, about as long as it takes to wake a thread; not all the time,
// since each look takes the cache line away from who submits.
constexpr int kLooks = 20;
constexpr int kPauses = 16;

}  // namespace

// The thread's place in whatever pool it works for.
static thread_local void* this_place = nullptr;

// ---- A place

ThreadPoolExecutor::Pool::Worker* ThreadPoolExecutor::Pool::Worker::current(const Pool& pool) noexcept {
  auto* const place = static_cast<Worker*>(this_place);
  return place != nullptr && &place->pool == &pool ? place : nullptr;
}

/// With work left the worker goes on to that: it is free only if it finds none.
void ThreadPoolExecutor::Pool::Worker::task_ends() noexcept {
  if (is_free || size.load(std::memory_order_relaxed) != 0 || pool.shared_size_.load(std::memory_order_relaxed) != 0) {
    return;
  }
  is_free = true;
  pool.counts_.add_free();
}

void ThreadPoolExecutor::Pool::Worker::is_kept_busy() noexcept { pool.is_busy(*this); }

void ThreadPoolExecutor::Pool::Worker::note_size() noexcept {
  const std::size_t before = size.load(std::memory_order_relaxed);
  const std::size_t now = own_.size() + fetched_.size();
  size.store(now, std::memory_order_relaxed);
  // Sequentially consistent: a worker that goes to sleep, or from free to busy, sees this or is seen.
  if (before == 0 && now != 0) pool.owners_.fetch_add(1);
  if (before != 0 && now == 0) pool.owners_.fetch_sub(1);
}

void ThreadPoolExecutor::Pool::Worker::push(TaskPtr task, TaskQueue& done) {
  own_.push_back(std::move(task), done);
  note_size();
}

void ThreadPoolExecutor::Pool::Worker::fetch(TaskQueue&& more) noexcept {
  const SpinGuard guard(lock);
  fetched_.append(std::move(more));
  note_size();
}

TaskPtr ThreadPoolExecutor::Pool::Worker::pop_any(Order order) noexcept {
  if (order == Order::own_first && !own_.empty()) return own_.pop_front();
  if (!fetched_.empty() || order == Order::fetched_only) return fetched_.pop();
  return own_.pop_front();
}

TaskPtr ThreadPoolExecutor::Pool::Worker::pop(Order order) noexcept {
  TaskQueue done;  // released outside the lock
  const SpinGuard guard(lock);
  TaskPtr task = pop_any(order);
  while (task && task->done()) {
    done.push(std::move(task));
    task = pop_any(order);
  }
  note_size();
  return task;
}

TaskPtr ThreadPoolExecutor::Pool::Worker::take(Order order) noexcept {
  if (size.load(std::memory_order_relaxed) == 0) return {};
  TaskPtr task = pop(order);
  if (task) pool.is_busy(*this);
  return task;
}

/// The worker is about to run a task itself that it waits for, most often the one that it has submitted last; those
/// before that one are done by then if it waited for them first.
TaskPtr ThreadPoolExecutor::Pool::Worker::take_back(const detail::TaskNode& task) noexcept {
  TaskQueue done;
  const SpinGuard guard(lock);
  TaskPtr taken = own_.pop_back_if(task);
  while (taken) {
    TaskPtr one = own_.pop_back_if_done();
    if (!one) break;
    done.push(std::move(one));
  }
  note_size();
  return taken;
}

bool ThreadPoolExecutor::Pool::Worker::may_be_taken() const noexcept {
  return pool.counts_.now().free != 0 || pool.workers_ < pool.max_workers_;
}

void ThreadPoolExecutor::Pool::Worker::lend(detail::TaskNode& task) noexcept { pool.lend(TaskPtr::share(&task)); }

TaskQueue ThreadPoolExecutor::Pool::Worker::take_all() noexcept {
  const SpinGuard guard(lock);
  TaskQueue all = std::move(fetched_);
  while (TaskPtr task = own_.pop_front()) all.push(std::move(task));
  note_size();
  return all;
}

// ---- Its thread

/// Gives the place back when the thread ends, also when a task ends it.
class ThreadPoolExecutor::Pool::Presence {
 public:
  explicit Presence(Worker& worker) noexcept : worker_(worker) { this_place = &worker; }
  ~Presence() {
    this_place = nullptr;
    worker_.pool.leave(worker_);
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  Worker& worker_;
};

void ThreadPoolExecutor::Pool::run_worker(Worker& me, TaskPtr lent) {
  const CurrentHome home(this, CurrentHome::Kind::pool, &me);
  std::array<char, 16> name{};  // the most that the system keeps
  fmt::format_to_n(name.data(), name.size() - 1, "{:.11}_{}", options_.name, me.index);
  pthread_setname_np(pthread_self(), name.data());
  detail::trace_this_thread_is(traced_.worker(me.index));
  const Presence presence(me);
  if (!initialize()) return;
  if (lent) {
    run_task(me, *lent);
    return;
  }
  while (const TaskPtr task = next_task(me)) run_task(me, *task);
}

void ThreadPoolExecutor::Pool::run_task(Worker& me, detail::TaskNode& task) {
  if (!task.try_start()) return;  // cancelled, or run by a worker that waited for it
  const detail::RunningTask running(task, me);
  task.run(RunMode::to_completion);
}

bool ThreadPoolExecutor::Pool::initialize() {
  if (!options_.initializer) return true;
  try {
    options_.initializer();
    return true;
  } catch (...) {
    break_pool(fmt::format("{}: the initializer of a worker failed: {}", options_.name,
                           detail::describe(std::current_exception())));
    return false;
  }
}

void ThreadPoolExecutor::Pool::leave(Worker& me) noexcept {
  is_busy(me);
  TaskQueue left = me.take_all();
  if (!left.empty()) {
    const SpinGuard lock(shared_lock_);
    shared_.append(std::move(left));
    note_size();
  }
  {
    const detail::MutexLock lock(mutex_);
    me.in_use = false;
    if (me.stands_in) {
      --stand_ins_;
      note_ended_thread();
    } else {
      --workers_;
    }
  }
  see_to_work();
}

/// So that the threads that stand in for others do not pile up until the pool ends.
void ThreadPoolExecutor::Pool::note_ended_thread() {
  const auto is_this = [](const std::thread& thread) { return thread.get_id() == std::this_thread::get_id(); };
  const auto mine = std::find_if(threads_.begin(), threads_.end(), is_this);
  if (mine == threads_.end()) return;  // somebody joins it already
  ended_threads_.push_back(std::move(*mine));
  threads_.erase(mine);
}

/// Blocks for work; null when the worker is to leave.
TaskPtr ThreadPoolExecutor::Pool::next_task(Worker& me) {
  while (true) {
    if (TaskPtr task = look_for_task(me)) return task;
    if (!me.is_free) {
      me.is_free = true;
      counts_.add_free();
    }
    if (spin()) continue;
    if (!sleep(me)) return {};
  }
}

TaskPtr ThreadPoolExecutor::Pool::look_for_task(Worker& me) {
  if (++me.turn % kLookElsewhere == 0) {
    if (TaskPtr task = steal(me)) return task;
    if (TaskPtr task = me.take(Worker::Order::fetched_only)) return task;  // it is older than what is shared
    if (TaskPtr task = take_shared(me)) return task;
    return me.take(Worker::Order::own_first);
  }
  if (TaskPtr task = me.take(Worker::Order::own_first)) return task;
  if (TaskPtr task = take_shared(me)) return task;
  return steal(me);
}

TaskPtr ThreadPoolExecutor::Pool::take_shared(Worker& me) {
  if (shared_size_.load(std::memory_order_relaxed) == 0) return {};
  const TimePoint now = Clock::now();
  const bool short_tasks = now - me.last_refill < kShortTask * static_cast<Duration::rep>(me.batch);
  me.batch = short_tasks ? std::min(2 * me.batch, kLargestBatch) : 1;
  me.last_refill = now;

  TaskPtr first;
  TaskQueue batch;
  Call whom;
  {
    const SpinGuard lock(shared_lock_);
    first = shared_.pop();
    if (!first) return {};
    // Of a bounded queue none is taken ahead: it would wait without being counted.
    const std::size_t share = options_.max_queued != 0 ? 1 : std::min(me.batch, shared_.size() / max_workers_);
    for (std::size_t n = 1; n < share; ++n) batch.push(shared_.pop());
    note_size();
    if (!batch.empty()) me.fetch(std::move(batch));
    if (std::exchange(me.is_free, false)) {
      counts_.remove_free();
      if (is_there_work()) whom = who_comes();
    }
    if (waiting_for_room_ != 0) room_.fetch_add(1);
  }
  if (options_.max_queued != 0) detail::futex_wake_all(room_);
  call(whom);
  return first;
}

TaskPtr ThreadPoolExecutor::Pool::steal(Worker& me) {
  if (owners_.load(std::memory_order_relaxed) == 0) return {};
  Worker* victim = &me;
  do {
    victim = victim->next != nullptr ? victim->next : first_worker_.load();
    if (victim == &me || victim->size.load(std::memory_order_relaxed) == 0) continue;
    if (TaskPtr task = victim->pop(Worker::Order::fetched_first)) {
      is_busy(me);
      return task;
    }
  } while (victim != &me);
  return {};
}

/// A free worker has found something to do, or is kept from looking. Submitters may have left work to it.
void ThreadPoolExecutor::Pool::is_busy(Worker& me) {
  if (!std::exchange(me.is_free, false)) return;
  counts_.remove_free();
  see_to_work();
}

/// Looks for a while whether work comes. False if none did.
bool ThreadPoolExecutor::Pool::spin() {
  if (!may_spin_ || spinning_.exchange(true)) return false;
  bool found = false;
  for (int i = 0; i < kLooks && !found; ++i) {
    for (int j = 0; j < kPauses; ++j) detail::pause();
    found = shared_size_.load(std::memory_order_relaxed) != 0 || owners_.load(std::memory_order_relaxed) != 0 ||
            state_ != State::open;
  }
  spinning_ = false;
  return found && state_ == State::open;
}

/// False if the worker is to leave: the pool ends, and nothing is left to do.
bool ThreadPoolExecutor::Pool::sleep(Worker& me) {
  {
    const SpinGuard lock(shared_lock_);
    if (is_there_work()) return true;
    if (state_ != State::open) return false;
    me.awake.store(0, std::memory_order_relaxed);
    me.next_sleeper = std::exchange(sleepers_, &me);
    counts_.add_asleep();
  }
  // A worker may have added to its own queue meanwhile, without the shared lock. It has seen that this one sleeps, or
  // its task is seen here.
  if (owners_ != 0 && stay_awake(me)) return true;
  while (me.awake.load(std::memory_order_acquire) == 0) detail::futex_wait(me.awake, 0, std::nullopt);
  return true;
}

/// Leaves the list of sleepers; false if somebody has taken this worker out of it, and wakes it.
bool ThreadPoolExecutor::Pool::stay_awake(Worker& me) {
  const SpinGuard lock(shared_lock_);
  for (Worker** link = &sleepers_; *link != nullptr; link = &(*link)->next_sleeper) {
    if (*link != &me) continue;
    *link = me.next_sleeper;
    counts_.remove_asleep();
    return true;
  }
  return false;
}

}  // namespace overlap
