// Shutdown of a process pool, step by step:
//   1. closing_ is set under the lock: every later enqueue() throws.
//   2. cancel_pending: the queue is moved out, and each task cancelled outside the lock.
//   3. What is queued goes on to be run, by new workers where workers retire or die. With the queue empty each worker
//      that is idle, or becomes so, is dismissed: its socket is shut down for sending, it reads end-of-file and exits.
//   4. The helper has reported the last worker gone: ended(). The manager ends the helper in the same way, waits for
//      it and leaves its loop.
//   5. wait: the manager thread is joined, by the one caller that takes it; other callers wait for that.
// A pool that breaks goes the same way from step 3, its queue having failed.

#include "executors/process/pool.hpp"

#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include <fmt/format.h>

#include "executors/process/process_role.hpp"

namespace overlap {

using detail::CurrentHome;
using detail::Endings;
using detail::Job;
using detail::JobPtr;
using detail::MutexLock;
using detail::ProcessRole;
using detail::TaskPtr;

namespace {

/// Refuses before a helper is started that could not work.
const ProcessPoolExecutor::Options& checked(const ProcessPoolExecutor::Options& options) {
  const ProcessRole role = detail::process_role();
  if (role == ProcessRole::unguarded) {
    throw BrokenExecutor(options.name +
                         ": a program that uses processes must have overlap::main_guard guard(argc, argv); as the "
                         "first line of main()");
  }
  if (role != ProcessRole::host) {
    throw BrokenExecutor(options.name + ": a process pool cannot be used inside a worker process");
  }
  return options;
}

detail::WorkerSetup setup_of(const ProcessPoolExecutor::Options& options) {
  detail::WorkerSetup setup;
  setup.max_tasks = options.max_tasks_per_child;
  setup.max_memory = options.max_memory_per_child;
  if (options.initializer != nullptr) {
    setup.initializer = detail::locate_code(reinterpret_cast<const void*>(options.initializer));
    setup.has_initializer = 1;
  }
  setup.host = ::getpid();
  options.name.copy(setup.name.data(), setup.name.size() - 1);
  return setup;
}

}  // namespace

ProcessPoolExecutor::Pool::Pool(Options options)
    : options_(checked(options)),
      max_workers_(options_.max_workers != 0 ? options_.max_workers : available_cpus()),
      owner_(::getpid()),
      helper_(setup_of(options_)),
      scratch_(std::size_t{64} << 10) {
  poller_.add(helper_.fd(), kHelperKey);
}

void ProcessPoolExecutor::Pool::start() {
  const MutexLock lock(mutex_);
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

bool ProcessPoolExecutor::Pool::is_inherited() const noexcept { return ::getpid() != owner_; }

std::string ProcessPoolExecutor::Pool::text(const char* message) const { return options_.name + ": " + message; }

void ProcessPoolExecutor::Pool::check_open() {
  if (broken_) throw BrokenExecutor(*broken_);
  if (closing_) throw BrokenExecutor(text("submit after shutdown"));
}

void ProcessPoolExecutor::Pool::enqueue(TaskPtr task) {
  if (is_inherited()) throw BrokenExecutor(text("the pool belongs to the process that this one was forked from"));
  const detail::ShipTable* const table = task->ship_table();
  if (table == nullptr) throw NotShippable(text(task->why_not_shippable()));
  {
    const MutexLock lock(mutex_);
    check_open();
  }
  task->set_home(this);
  JobPtr job = make_job(std::move(task), *table);
  if (!job) return;

  Endings endings;
  const MutexLock lock(mutex_);
  try {
    check_open();
  } catch (...) {  // closed while the call was encoded
    endings.cancel(std::move(job));
    throw;
  }
  job->id = next_task_++;
  queue_.push_back(std::move(job));
  advance(endings);
}

/// Null when the arguments cannot be encoded: the task has failed with the reason.
JobPtr ProcessPoolExecutor::Pool::make_job(TaskPtr task, const detail::ShipTable& table) {
  auto job = std::make_unique<Job>(std::move(task));
  try {
    detail::Encoder call;
    job->thunk = detail::locate_code(reinterpret_cast<const void*>(table.thunk));
    table.encode_call(*job->node, call);
    job->call = std::make_shared<const std::string>(std::move(call.bytes()));
    return job;
  } catch (...) {
    job->fail(std::current_exception());
    return nullptr;
  }
}

void ProcessPoolExecutor::Pool::shutdown(ShutdownOptions options) {
  if (is_inherited()) return;  // there is nothing of it here
  if (options.wait && CurrentHome::find(this) != nullptr) {
    throw WouldDeadlock(text("a done callback cannot wait for the shutdown of its own pool"));
  }
  {
    Endings endings;
    const MutexLock lock(mutex_);
    closing_ = true;
    if (options.cancel_pending) {
      for (JobPtr& job : queue_) endings.cancel(std::move(job));
      queue_.clear();
    }
    advance(endings);
  }
  if (options.wait) join();
}

void ProcessPoolExecutor::Pool::shutdown_at_exit() { shutdown({}); }

void ProcessPoolExecutor::Pool::destroy() {
  const bool on_own_thread = CurrentHome::find(this) != nullptr;
  shutdown({.wait = !on_own_thread});
  if (on_own_thread) detail::ExitRegistry::leave_to_itself(shared_from_this(), options_.name);
}

void ProcessPoolExecutor::Pool::join() {
  const MutexLock one_at_a_time(join_mutex_);
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    std::swap(thread, thread_);
  }
  if (thread.joinable()) thread.join();
}

bool ProcessPoolExecutor::Pool::terminate(detail::TaskNode& node) {
  if (node.home() != this) throw std::invalid_argument(text("terminate: the future is not of this pool"));
  if (is_inherited()) return false;
  if (node.try_cancel()) return true;
  Endings endings;
  const MutexLock lock(mutex_);
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {  // it started once and waits to be run again
    if ((*it)->node.get() != &node) continue;
    endings.cancel(std::move(*it));
    queue_.erase(it);
    return true;
  }
  for (const auto& [id, worker] : workers_) {
    if (worker->condemned && worker->condemned->node.get() == &node) return true;
    if (!worker->job || worker->job->node.get() != &node) continue;
    worker->condemned = std::move(worker->job);
    kill(*worker, SIGKILL);
    advance(endings);
    return true;
  }
  return node.phase() == detail::TaskNode::cancelled;
}

void ProcessPoolExecutor::Pool::end_workers(int signal) {
  if (is_inherited()) return;
  Endings endings;
  const MutexLock lock(mutex_);
  closing_ = true;
  workers_ended_ = true;
  for (JobPtr& job : queue_) endings.cancel(std::move(job));
  queue_.clear();
  for (const auto& [id, worker] : workers_) kill(*worker, signal);
  advance(endings);
}

std::vector<pid_t> ProcessPoolExecutor::Pool::worker_pids() {
  std::vector<pid_t> pids;
  if (is_inherited()) return pids;
  const MutexLock lock(mutex_);
  for (const auto& [id, worker] : workers_) {
    if (worker->pid != 0) pids.push_back(worker->pid);
  }
  return pids;
}

}  // namespace overlap
