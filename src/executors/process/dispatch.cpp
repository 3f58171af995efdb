// What happens under the pool's lock: who gets which task, when workers start and leave. Nothing here blocks, nothing
// runs code of the user's, and nothing throws.

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "executors/process/pool.hpp"

namespace overlap {

using detail::Endings;
using detail::FrameHeader;
using detail::FrameKind;
using detail::JobPtr;
using detail::make_error;

namespace {

/// A text about a failure, or none when there is no memory for it.
template <class MakeText>
std::string text_or_nothing(MakeText make_text) noexcept {
  try {
    return make_text();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

void ProcessPoolExecutor::Pool::advance(Endings& endings) {
  drop_cancelled(endings);
  while (!queue_.empty() && !idle_.empty()) {
    JobPtr job = queue_.pop_front();
    if (job->start()) {
      give(*idle_.back(), std::move(job), endings);
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
  if (ended()) bell_->ring();
}

void ProcessPoolExecutor::Pool::drop_cancelled(Endings& endings) {
  while (!queue_.empty() && queue_.front().node->phase() == detail::TaskNode::cancelled) {
    endings.cancel(queue_.pop_front());
  }
}

void ProcessPoolExecutor::Pool::give(Worker& worker, JobPtr job, Endings& endings) {
  FrameHeader header;
  header.kind = FrameKind::task;
  header.task = job->id;
  header.thunk = job->thunk;
  set_state(worker, State::busy);
  worker.job = std::move(job);
  int error = 0;
  try {
    error = worker.channel.send(header, worker.job->call);
  } catch (const detail::MalformedFrame&) {  // somebody wrote over the memory of its ring
    kill(worker, SIGKILL);                   // and the task, which has not begun, goes to another
    return;
  }
  if (error != 0) {
    set_state(worker, State::idle);
    endings.fail(std::move(worker.job), make_error<NotShippable>([&] {
                   return fmt::format("{}: the memory of the arguments cannot be handed to a worker: {}", options_.name,
                                      std::strerror(error));
                 }));
    return;
  }
  endings.ring(worker.channel.worker_bell());
  if (!worker.job->timeout) return;
  worker.deadline = deadline_after(*worker.job->timeout);
  bell_->ring();  // the manager is to wait no longer than that
}

void ProcessPoolExecutor::Pool::start_worker(Endings& endings) {
  if (const int error = add_worker(); error != 0) cannot_start(error, endings);
}

/// 0, or errno.
int ProcessPoolExecutor::Pool::add_worker() {
  try {
    auto [channel, end] = detail::Channel::open();
    idle_.reserve(workers_.size() + 1);  // so that set_state() needs no memory
    const std::uint64_t id = next_worker_++;
    Worker& worker = *workers_.emplace(id, std::make_unique<Worker>(id, std::move(channel))).first->second;
    ++count_[static_cast<std::size_t>(State::starting)];
    const int error = helper_.start_worker(id, end);
    if (error == EAGAIN) {
      worker.end = std::move(end);
      watch_.arm(true);
    } else if (error != 0) {
      remove(worker);
      return error;
    }
    return 0;
  } catch (const std::system_error& error) {  // out of descriptors, say
    return error.code().value();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

/// The workers that there are do the work. Without any, nobody ever would.
void ProcessPoolExecutor::Pool::cannot_start(int error, Endings& endings) {
  cannot_grow_ = true;
  if (live() > 0) return;
  break_pool(text_or_nothing([&] {
               return fmt::format("{}: no worker process can be started: {}", options_.name, std::strerror(error));
             }),
             endings);
}

void ProcessPoolExecutor::Pool::break_pool(std::string why, Endings& endings) {
  if (!broken_) why_broken_ = std::move(why);
  broken_ = true;
  while (JobPtr job = queue_.pop_front()) {
    // Each with an exception of its own: threads that handle one at the same time share nothing.
    endings.fail(std::move(job), detail::error_saying<BrokenExecutor>(why_broken_));
  }
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
}

void ProcessPoolExecutor::Pool::kill(Worker& worker, int signal) {
  dismiss(worker);
  worker.wanted_signal = signal;
  ask_helper(worker);
}

/// Its task is ended, as that says, once the worker is gone.
void ProcessPoolExecutor::Pool::condemn(Worker& worker) {
  worker.condemned = std::move(worker.job);
  worker.deadline.reset();
  kill(worker, SIGKILL);
}

/// Sends the helper what it is to do about the worker, or sees to it that this is tried again.
void ProcessPoolExecutor::Pool::ask_helper(Worker& worker) {
  if (worker.end || worker.wanted_signal == 0) return;
  const int error = helper_.kill_worker(worker.id, worker.wanted_signal);
  if (error == EAGAIN) {
    watch_.arm(true);
  } else {
    worker.wanted_signal = 0;
  }
}

void ProcessPoolExecutor::Pool::remove(Worker& worker) {
  set_state(worker, State::leaving);
  --count_[static_cast<std::size_t>(State::leaving)];
  workers_.erase(worker.id);
}

std::size_t ProcessPoolExecutor::Pool::count(State state) const { return count_[static_cast<std::size_t>(state)]; }

std::size_t ProcessPoolExecutor::Pool::live() const { return workers_.size() - count(State::leaving); }

bool ProcessPoolExecutor::Pool::ended() const { return (closing_ || broken_) && queue_.empty() && workers_.empty(); }

}  // namespace overlap
