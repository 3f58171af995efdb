// What happens under the pool's lock: who gets which task, when workers start and leave. Nothing here blocks, and
// nothing runs code of the user's.

#include <csignal>
#include <system_error>

#include <fmt/format.h>

#include "executors/process/pool.hpp"

namespace overlap {

using detail::Endings;
using detail::FrameHeader;
using detail::FrameKind;
using detail::JobPtr;

void ProcessPoolExecutor::Pool::advance(Endings& endings) {
  drop_cancelled(endings);
  while (!queue_.empty() && !idle_.empty()) {
    JobPtr job = std::move(queue_.front());
    queue_.pop_front();
    if (job->start()) {
      give(*idle_.back(), std::move(job));
    } else {
      endings.cancel(std::move(job));
    }
    drop_cancelled(endings);
  }
  while (count(State::starting) < queue_.size() && live() < max_workers_ && !(cannot_grow_ && live() > 0)) {
    start_worker(endings);
  }
  if ((closing_ || broken_) && queue_.empty()) {
    for (const auto& [id, worker] : workers_) {
      if (worker->state == State::idle || worker->state == State::starting) dismiss(*worker);
    }
  }
  if (ended()) poller_.wake();
}

void ProcessPoolExecutor::Pool::drop_cancelled(Endings& endings) {
  while (!queue_.empty() && queue_.front()->node->phase() == detail::TaskNode::cancelled) {
    endings.cancel(std::move(queue_.front()));
    queue_.pop_front();
  }
}

void ProcessPoolExecutor::Pool::give(Worker& worker, JobPtr job) {
  set_state(worker, State::busy);
  worker.job = std::move(job);
  FrameHeader header;
  header.kind = FrameKind::task;
  header.task = worker.job->id;
  header.thunk = worker.job->thunk;
  worker.channel.send(header, worker.job->call);
  watch_writes(worker);
}

void ProcessPoolExecutor::Pool::start_worker(Endings& endings) {
  try {
    auto [channel, end] = detail::Channel::open();
    auto worker = std::make_unique<Worker>(next_worker_++, std::move(channel));
    poller_.add(worker->channel.fd(), worker->id);
    helper_.start_worker(worker->id, std::move(end));
    watch_helper_writes();
    workers_.emplace(worker->id, std::move(worker));
    ++count_[static_cast<std::size_t>(State::starting)];
  } catch (const std::system_error& error) {  // out of descriptors, say
    cannot_start(error.what(), endings);
  }
}

/// The workers that there are do the work. Without any, nobody ever would.
void ProcessPoolExecutor::Pool::cannot_start(const std::string& why, Endings& endings) {
  cannot_grow_ = true;
  if (live() == 0) break_pool(fmt::format("{}: no worker process can be started: {}", options_.name, why), endings);
}

void ProcessPoolExecutor::Pool::break_pool(const std::string& why, Endings& endings) {
  if (!broken_) broken_ = why;
  for (JobPtr& job : queue_) endings.fail(std::move(job), BrokenExecutor(why));
  queue_.clear();
}

void ProcessPoolExecutor::Pool::set_state(Worker& worker, State state) {
  if (worker.state == State::idle) std::erase(idle_, &worker);
  if (state == State::idle) idle_.push_back(&worker);
  --count_[static_cast<std::size_t>(worker.state)];
  ++count_[static_cast<std::size_t>(state)];
  worker.state = state;
}

void ProcessPoolExecutor::Pool::dismiss(Worker& worker) {
  worker.told_to_end = true;
  set_state(worker, State::leaving);
  worker.channel.end_sending();
  watch_writes(worker);
}

void ProcessPoolExecutor::Pool::kill(Worker& worker, int signal) {
  dismiss(worker);
  helper_.kill_worker(worker.id, signal);
  watch_helper_writes();
}

void ProcessPoolExecutor::Pool::watch_writes(Worker& worker) {
  const bool wanted = worker.channel.has_unsent();
  if (wanted == std::exchange(worker.wants_write, wanted) || worker.at_end) return;
  poller_.want_write(worker.channel.fd(), worker.id, wanted);
}

void ProcessPoolExecutor::Pool::watch_helper_writes() {
  if (helper_.has_refused()) poller_.wake();  // the manager sees to them
  const bool wanted = helper_.has_unsent();
  if (wanted == std::exchange(helper_wants_write_, wanted)) return;
  poller_.want_write(helper_.fd(), kHelperKey, wanted);
}

void ProcessPoolExecutor::Pool::remove(Worker& worker) {
  if (!worker.at_end) poller_.remove(worker.channel.fd());
  set_state(worker, State::leaving);
  --count_[static_cast<std::size_t>(State::leaving)];
  workers_.erase(worker.id);
}

std::size_t ProcessPoolExecutor::Pool::count(State state) const { return count_[static_cast<std::size_t>(state)]; }

std::size_t ProcessPoolExecutor::Pool::live() const { return workers_.size() - count(State::leaving); }

bool ProcessPoolExecutor::Pool::ended() const { return (closing_ || broken_) && queue_.empty() && workers_.empty(); }

}  // namespace overlap
