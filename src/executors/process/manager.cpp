// The manager thread of a process pool. Its loop, in words:
//   - A worker has sent something: read what is there. "Ready" and an outcome make the worker idle, which may give it
//     the next task, before the outcome is published.
//   - A worker has made room for more of what it is sent: send that.
//   - A worker sends what no worker sends: it cannot be talked to any more. It is killed, and its report awaited.
//   - The helper reports a worker's end: what the worker had sent is read first, then its task is settled.
//   - The helper's socket is at its end: without it no death is seen, and its workers die with it. The pool breaks.
//   - The helper's socket takes more: ask what it was not asked yet.
//   - A task has run longer than it may: its worker is killed.
// All of these ring the pool's bell; the manager sleeps when a look at everything found none of them. It leaves when
// the pool has ended; see pool.cpp.

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "executors/process/pool.hpp"
#include "executors/process/wait_status.hpp"

namespace overlap {

using detail::CurrentHome;
using detail::Endings;
using detail::Frame;
using detail::FrameHeader;
using detail::FrameKind;
using detail::HelperReport;
using detail::JobPtr;
using detail::make_error;
using detail::MutexLock;

namespace {

constexpr unsigned kMostLost = 3;          // workers that may die with a task sent to them and not begun
constexpr unsigned kMostFailedStarts = 3;  // workers in a row that may die before they are ready

/// How a worker ended; nothing when there is no memory to say it.
std::string describe_end(std::uint64_t worker, pid_t pid, int status) noexcept {
  try {
    return fmt::format("worker {} (pid {}) {}", worker, pid, detail::describe_wait_status(status));
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

void ProcessPoolExecutor::Pool::run() {
  const CurrentHome home(this, CurrentHome::Kind::completer);
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  watch_.arm(false);
  while (true) {
    const std::uint32_t heard = bell_->listen();  // before any look, that for the end too
    if (has_ended()) break;
    const bool had_news = handle_news();
    const std::optional<TimePoint> deadline = end_late_tasks();
    if (!had_news) bell_->wait(heard, deadline);
  }
  watch_.stop();
  if (helper_gone_) return;
  helper_.end();
  helper_.wait();
}

bool ProcessPoolExecutor::Pool::has_ended() {
  const MutexLock lock(mutex_);
  return ended();
}

/// Looks at everything. False when there was nothing to do.
bool ProcessPoolExecutor::Pool::handle_news() {
  std::array<Worker*, 64> senders;  // those left out are seen the next time
  std::size_t count = 0;
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, worker] : workers_) {
      if (worker->is_unreadable) continue;
      send_more(*worker);
      if (worker->channel.has_news() && count < senders.size()) senders[count++] = worker.get();
    }
  }
  bool had_news = count == senders.size();
  for (Worker* const worker : std::span(senders).first(count)) {
    while (read(*worker)) had_news = true;
  }
  if (watch_.take_news()) {
    had_news = true;
    on_helper_news();
  }
  return had_news;
}

void ProcessPoolExecutor::Pool::send_more(Worker& worker) {
  try {
    worker.channel.flush();
  } catch (const detail::MalformedFrame&) {
    kill(worker, SIGKILL);
  }
}

/// Gives the time at which the next task will have run too long.
std::optional<TimePoint> ProcessPoolExecutor::Pool::end_late_tasks() {
  std::optional<TimePoint> next;
  std::optional<TimePoint> now;  // asked for only where there are deadlines
  const MutexLock lock(mutex_);
  for (const auto& [id, worker] : workers_) {
    if (!worker->job || !worker->deadline) continue;
    if (!now) now = Clock::now();
    if (*worker->deadline > *now) {
      next = std::min(next.value_or(TimePoint::max()), *worker->deadline);
      continue;
    }
    worker->job->ending = make_error<TaskTimedOut>([&] {
      return fmt::format("{}: task {} ran longer than {:g} s, so worker {} (pid {}) was killed", options_.name,
                         worker->job->id, std::chrono::duration<double>(*worker->job->timeout).count(), worker->id,
                         worker->pid);
    });
    condemn(*worker);
  }
  return next;
}

ProcessPoolExecutor::Pool::Worker* ProcessPoolExecutor::Pool::find(std::uint64_t id) {
  const MutexLock lock(mutex_);
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : found->second.get();
}

/// Reads one frame and acts on it. False when there is none for now.
bool ProcessPoolExecutor::Pool::read(Worker& worker) {
  if (worker.is_unreadable) return false;
  std::optional<Frame> frame;
  try {
    frame = worker.channel.receive();
  } catch (const detail::MalformedFrame&) {
    on_malformed(worker);
    return false;
  }
  if (frame) on_frame(worker, *frame);
  return frame.has_value();
}

void ProcessPoolExecutor::Pool::on_malformed(Worker& worker) {
  const MutexLock lock(mutex_);
  worker.is_unreadable = true;
  kill(worker, SIGKILL);  // no matter if it exits already: its status stands
}

void ProcessPoolExecutor::Pool::on_frame(Worker& worker, const Frame& frame) {
  switch (frame.header.kind) {
    case FrameKind::ready:
      on_ready(worker, static_cast<pid_t>(frame.header.task));
      break;
    case FrameKind::outcome:
      on_outcome(worker, frame);
      break;
    case FrameKind::setup_failed:
      on_setup_failed(frame);
      break;
    case FrameKind::task:
      break;  // goes the other way
  }
}

void ProcessPoolExecutor::Pool::on_ready(Worker& worker, pid_t pid) {
  Endings endings;
  const MutexLock lock(mutex_);
  worker.pid = pid;
  failed_starts_ = 0;
  if (worker.state == State::starting) set_state(worker, State::idle);
  advance(endings);
}

void ProcessPoolExecutor::Pool::on_outcome(Worker& worker, const Frame& frame) {
  JobPtr job;
  {
    Endings endings;
    const MutexLock lock(mutex_);
    if (!worker.job || worker.job->id != frame.header.task) return;  // it was terminated meanwhile
    job = std::move(worker.job);
    worker.deadline.reset();
    trace_begin(worker, *job);
    if ((frame.header.flags & FrameHeader::kLast) != 0) dismiss(worker);
    if (worker.state == State::busy) set_state(worker, State::idle);
    advance(endings);
  }
  job->deliver(frame);
}

void ProcessPoolExecutor::Pool::on_setup_failed(const Frame& frame) {
  std::string why;
  try {
    why = fmt::format("{}: the initializer of a worker failed: {}", options_.name, frame.payload.view());
  } catch (const std::bad_alloc&) {
  }
  Endings endings;
  const MutexLock lock(mutex_);
  break_pool(std::move(why), endings);
  advance(endings);
}

void ProcessPoolExecutor::Pool::on_helper_news() {
  send_requests();
  while (const std::optional<HelperReport> report = helper_.receive()) on_report(*report);
  if (helper_.has_ended()) on_helper_death();
}

/// Asks the helper for what it could not be asked for before, and watches on.
void ProcessPoolExecutor::Pool::send_requests() {
  Endings endings;
  const MutexLock lock(mutex_);
  bool again = false;
  int refused = 0;
  Worker* lost = nullptr;
  for (const auto& [id, worker] : workers_) {
    if (worker->end) {
      const int error = helper_.start_worker(id, *worker->end);
      if (error == EAGAIN) {
        again = true;
        break;
      }
      worker->end.reset();
      if (error != 0) {
        refused = error;
        lost = worker.get();
        break;
      }
    }
    ask_helper(*worker);
    again = again || (worker->wanted_signal != 0 && !worker->end);
  }
  if (lost != nullptr) {
    remove(*lost);
    cannot_start(refused, endings);
    advance(endings);
    again = true;  // there may be more
  }
  watch_.arm(again);
}

void ProcessPoolExecutor::Pool::on_report(const HelperReport& report) {
  Worker* const worker = find(report.worker);
  if (worker == nullptr) return;
  if (report.kind == HelperReport::Kind::exited) {
    on_death(*worker, report.pid, report.status);
    return;
  }
  Endings endings;
  const MutexLock lock(mutex_);
  remove(*worker);
  cannot_start(report.status, endings);
  advance(endings);
}

void ProcessPoolExecutor::Pool::on_death(Worker& worker, pid_t pid, int status) {
  {
    const MutexLock lock(mutex_);
    set_state(worker, State::leaving);  // it gets no task because of what is read now
  }
  while (read(worker)) {
  }
  Endings endings;
  const MutexLock lock(mutex_);
  const std::string how = describe_end(worker.id, pid, status);
  const bool failed_to_start = worker.pid == 0 && !worker.told_to_end;
  if (worker.condemned) trace_begin(worker, *worker.condemned);
  if (worker.condemned) endings.end(std::move(worker.condemned));
  if (worker.job) {
    trace_begin(worker, *worker.job);
    const bool begun = worker.channel.has_begun(worker.job->id);
    settle(std::move(worker.job), begun, how, endings);
  }
  remove(worker);
  cannot_grow_ = false;
  if (failed_to_start && ++failed_starts_ >= kMostFailedStarts) {
    std::string why;
    try {
      why = fmt::format("{}: {} workers in a row ended before they were ready: {}", options_.name, failed_starts_, how);
    } catch (const std::bad_alloc&) {
    }
    break_pool(std::move(why), endings);
  }
  advance(endings);
}

void ProcessPoolExecutor::Pool::trace_begin(const Worker& worker, const detail::Job& job) const {
  if (!detail::trace_on() || !worker.channel.has_begun(job.id)) return;
  detail::trace_started_elsewhere(job.node->trace_identity(), traced_.worker(worker.id), worker.channel.begun_at());
}

/// Decides about a task whose worker is dead: to be run again, or failed.
void ProcessPoolExecutor::Pool::settle(JobPtr job, bool begun, const std::string& how, Endings& endings) {
  const bool again = begun ? job->crashes++ < options_.on_crash.retries() : ++job->lost < kMostLost;
  if (again && !broken_ && !workers_ended_) {
    if (begun && detail::trace_on()) detail::trace(detail::TracePoint::waiting, job->node->trace_identity().get());
    queue_.push_front(std::move(job));
    return;
  }
  std::string why;
  try {
    why =
        fmt::format("{}: {} {} task {}", options_.name, how, begun ? "while it ran" : "before it could begin", job->id);
  } catch (const std::bad_alloc&) {
  }
  endings.fail(std::move(job), detail::error_saying<WorkerCrashed>(why));
  if (begun && options_.on_crash.breaks_pool()) break_pool(std::move(why), endings);
}

void ProcessPoolExecutor::Pool::on_helper_death() {
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, worker] : workers_) set_state(*worker, State::leaving);
  }
  while (true) {  // read what each has sent
    Worker* sender = nullptr;
    {
      const MutexLock lock(mutex_);
      for (const auto& [id, worker] : workers_) {
        if (worker->channel.has_news() && !worker->is_unreadable) sender = worker.get();
      }
    }
    if (sender == nullptr) break;
    while (read(*sender)) {
    }
    sender->is_unreadable = true;  // at its end: half a message may be left
  }
  helper_gone_ = true;
  std::string why;
  try {
    why = fmt::format("{}: the helper process {} (if at once: is main_guard the first line of main()?)", options_.name,
                      helper_.wait());
  } catch (const std::bad_alloc&) {
  }
  Endings endings;
  const MutexLock lock(mutex_);
  break_pool(std::move(why), endings);
  while (!workers_.empty()) {
    Worker& worker = *workers_.begin()->second;
    if (worker.condemned) endings.end(std::move(worker.condemned));
    if (worker.job) {
      trace_begin(worker, *worker.job);
      endings.fail(std::move(worker.job), detail::error_saying<BrokenExecutor>(why_broken_));
    }
    remove(worker);
  }
}

}  // namespace overlap
