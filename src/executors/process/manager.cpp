// The manager thread of a process pool. Its loop, in words:
//   - A worker's socket has something: read what is there. "Ready" and an outcome make the worker idle, which may give
//     it the next task, before the outcome is published.
//   - A worker's socket is at its end: the worker exits, or can no longer be talked to. It is killed to make sure, and
//     its report awaited.
//   - The helper reports a worker's end: what the worker had sent is read first, then its task is settled.
//   - The helper's socket is at its end: without it no death is seen, and its workers die with it. The pool breaks.
//   - A socket takes more: send what waits.
//   - A worker could not be asked for: as if the helper had reported that.
// It leaves when the pool has ended; see pool.cpp.

#include <pthread.h>

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
using detail::MutexLock;
using detail::Poller;
using Received = detail::Channel::Received;

namespace {
constexpr unsigned kMostLost = 3;          // workers that may die with a task sent to them and not begun
constexpr unsigned kMostFailedStarts = 3;  // workers in a row that may die before they are ready
}  // namespace

void ProcessPoolExecutor::Pool::run() {
  const CurrentHome home(this, CurrentHome::Kind::completer);
  pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
  while (!has_ended()) {
    for (const Poller::Event& event : poller_.wait()) on_event(event);
    for (const HelperReport& report : take_refused()) on_report(report);
  }
  if (helper_gone_) return;
  {
    const MutexLock lock(mutex_);
    helper_.end();
  }
  helper_.wait();
}

bool ProcessPoolExecutor::Pool::has_ended() {
  const MutexLock lock(mutex_);
  return ended();
}

std::vector<HelperReport> ProcessPoolExecutor::Pool::take_refused() {
  const MutexLock lock(mutex_);
  return helper_.take_refused();
}

void ProcessPoolExecutor::Pool::on_event(const Poller::Event& event) {
  if (event.key == kHelperKey) {
    on_helper_event(event);
  } else if (Worker* const worker = find(event.key)) {
    if (event.writable) send_more(*worker);
    if (event.readable && !worker->at_end) read(*worker);
  }
}

ProcessPoolExecutor::Pool::Worker* ProcessPoolExecutor::Pool::find(std::uint64_t id) {
  const MutexLock lock(mutex_);
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : found->second.get();
}

void ProcessPoolExecutor::Pool::send_more(Worker& worker) {
  const MutexLock lock(mutex_);
  worker.channel.flush();
  watch_writes(worker);
}

/// Receives once and acts on what is whole. False when there is nothing more for now.
bool ProcessPoolExecutor::Pool::read(Worker& worker) {
  Received received = Received::end;
  frames_.clear();
  try {
    received = worker.channel.receive(scratch_, frames_);
  } catch (const std::exception&) {  // not what a worker sends, or no memory: it cannot be understood any more
  }
  for (const Frame& frame : frames_) on_frame(worker, frame);
  if (received == Received::end) on_end_of_file(worker);
  return received == Received::some;
}

void ProcessPoolExecutor::Pool::on_end_of_file(Worker& worker) {
  const MutexLock lock(mutex_);
  worker.at_end = true;
  poller_.remove(worker.channel.fd());
  set_state(worker, State::leaving);
  helper_.kill_worker(worker.id, SIGKILL);  // no matter if it exits already: its status stands
  watch_helper_writes();
}

void ProcessPoolExecutor::Pool::on_frame(Worker& worker, const Frame& frame) {
  switch (frame.header.kind) {
    case FrameKind::ready:
      on_ready(worker, static_cast<pid_t>(frame.header.task));
      break;
    case FrameKind::outcome:
      on_outcome(worker, frame);
      break;
    case FrameKind::setup_failed: {
      Endings endings;
      const MutexLock lock(mutex_);
      break_pool(fmt::format("{}: the initializer of a worker failed: {}", options_.name, frame.payload.view()),
                 endings);
      advance(endings);
      break;
    }
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
    trace_begin(worker, *job);
    if ((frame.header.flags & FrameHeader::kLast) != 0) dismiss(worker);
    if (worker.state == State::busy) set_state(worker, State::idle);
    advance(endings);
  }
  job->deliver(frame);
}

void ProcessPoolExecutor::Pool::on_helper_event(const Poller::Event& event) {
  if (event.writable) {
    const MutexLock lock(mutex_);
    helper_.flush();
    watch_helper_writes();
  }
  if (!event.readable) return;
  while (const std::optional<HelperReport> report = helper_.receive()) on_report(*report);
  if (helper_.has_ended()) on_helper_death();
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
  cannot_start(std::strerror(report.status), endings);
  advance(endings);
}

void ProcessPoolExecutor::Pool::on_death(Worker& worker, pid_t pid, int status) {
  {
    const MutexLock lock(mutex_);
    set_state(worker, State::leaving);  // it gets no task because of what is read now
  }
  while (!worker.at_end && read(worker)) {
  }
  Endings endings;
  const MutexLock lock(mutex_);
  const std::string how = fmt::format("worker {} (pid {}) {}", worker.id, pid, detail::describe_wait_status(status));
  const bool failed_to_start = worker.pid == 0 && !worker.told_to_end;
  if (worker.condemned) trace_begin(worker, *worker.condemned);
  if (worker.condemned) endings.cancel(std::move(worker.condemned));
  if (worker.job) {
    trace_begin(worker, *worker.job);
    const bool begun = worker.channel.has_begun(worker.job->id);
    settle(std::move(worker.job), begun, how, endings);
  }
  remove(worker);
  cannot_grow_ = false;
  if (failed_to_start && ++failed_starts_ >= kMostFailedStarts) {
    break_pool(
        fmt::format("{}: {} workers in a row ended before they were ready: {}", options_.name, failed_starts_, how),
        endings);
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
  const std::string why =
      fmt::format("{}: {} {} task {}", options_.name, how, begun ? "while it ran" : "before it could begin", job->id);
  endings.fail(std::move(job), WorkerCrashed(why));
  if (begun && options_.on_crash.breaks_pool()) break_pool(why, endings);
}

void ProcessPoolExecutor::Pool::on_helper_death() {
  std::vector<Worker*> workers;
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, worker] : workers_) {
      set_state(*worker, State::leaving);
      workers.push_back(worker.get());
    }
  }
  for (Worker* const worker : workers) {
    while (!worker->at_end && read(*worker)) {
    }
  }
  helper_gone_ = true;
  const std::string why = fmt::format("{}: the helper process {} (if at once: is main_guard the first line of main()?)",
                                      options_.name, helper_.wait());
  Endings endings;
  const MutexLock lock(mutex_);
  poller_.remove(helper_.fd());
  break_pool(why, endings);
  while (!workers_.empty()) {
    Worker& worker = *workers_.begin()->second;
    if (worker.condemned) endings.cancel(std::move(worker.condemned));
    if (worker.job) trace_begin(worker, *worker.job);
    if (worker.job) endings.fail(std::move(worker.job), BrokenExecutor(why));
    remove(worker);
  }
}

}  // namespace overlap
