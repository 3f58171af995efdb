#pragma once
/// A task on its way through a process pool, and what becomes of tasks once a lock is let go.

#include <array>
#include <memory>
#include <optional>

#include <overlap/core/detail/shipping.hpp>
#include <overlap/core/errors.hpp>

#include "executors/process/channel.hpp"

namespace overlap::detail {

struct Job;
using JobPtr = std::unique_ptr<Job>;

/// An exception of type E with the text that `make_text` gives, or, when memory has run out, that error.
template <class E, class MakeText>
std::exception_ptr make_error(MakeText make_text) noexcept {
  try {
    return std::make_exception_ptr(E(make_text()));
  } catch (...) {
    return std::current_exception();
  }
}

/// The same with a text that is there.
template <class E>
std::exception_ptr error_saying(const std::string& text) noexcept {
  return make_error<E>([&text]() -> const std::string& { return text; });
}

/// One task. Whoever takes the owning pointer out of the pool, under its lock, finishes the task; if nobody does, its
/// destructor does. Not to be destroyed under a lock: that may run the user's destructors and callbacks.
struct Job {
  explicit Job(TaskPtr task) : node(std::move(task)) {}
  ~Job() {
    if (!node->done()) fail(make_error<BrokenExecutor>([] { return "the task was lost"; }));
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// PENDING -> RUNNING, once, also when it is sent to a second worker. False when it was cancelled before.
  bool start() noexcept {
    started = started || node->try_claim();
    return started;
  }
  void cancel() noexcept {
    if (node->done()) return;
    started ? node->finish_cancelled() : void(node->try_cancel());
  }
  void fail(std::exception_ptr error) noexcept {
    if (node->done()) return;
    started ? node->fail(std::move(error)) : void(node->try_fail(std::move(error)));
  }
  /// As `ending` says.
  void end() noexcept { ending ? fail(std::move(ending)) : cancel(); }
  /// Finishes it with what the worker answered; when that can't be read, with the error of reading it.
  void deliver(const Frame& outcome) noexcept;

  const TaskPtr node;
  std::uint64_t id = 0;
  CodeAddress thunk{};
  Payload call;
  std::optional<Duration> timeout;  ///< from the moment that it is handed to a worker
  bool started = false;
  unsigned lost = 0;          ///< workers that died before they had begun it
  unsigned crashes = 0;       ///< workers that died while they ran it
  std::exception_ptr ending;  ///< how end() is to fail it; null: it is cancelled
  JobPtr next;                ///< for the JobQueue that it is in
};

inline void Job::deliver(const Frame& outcome) noexcept {
  std::exception_ptr error;
  try {
    if (outcome.too_large) throw std::bad_alloc();
    std::vector<Segment> segments;
    Decoder in(outcome.message(segments));
    node->ship_table()->decode_outcome(*node, in);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) fail(std::move(error));  // outside the handler, which would hold it longer than its future may live
}

/// First in, first out. Needs no memory, so that nothing can go wrong under the pool's lock.
class JobQueue {
 public:
  JobQueue() noexcept = default;
  JobQueue(JobQueue&& other) noexcept { swap(other); }
  JobQueue& operator=(JobQueue&& other) noexcept {
    swap(other);
    return *this;
  }
  ~JobQueue() {
    while (pop_front()) {
    }
  }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  const Job& front() const noexcept { return *head_; }
  void push_back(JobPtr job) noexcept {
    Job* const raw = job.get();
    (tail_ == nullptr ? head_ : tail_->next) = std::move(job);
    tail_ = raw;
    ++size_;
  }
  void push_front(JobPtr job) noexcept {
    if (tail_ == nullptr) tail_ = job.get();
    job->next = std::move(head_);
    head_ = std::move(job);
    ++size_;
  }
  JobPtr pop_front() noexcept {
    if (!head_) return nullptr;
    JobPtr job = std::move(head_);
    head_ = std::move(job->next);
    if (!head_) tail_ = nullptr;
    --size_;
    return job;
  }
  /// Takes out the job of a task; null when it is not here.
  JobPtr take(const TaskNode& node) noexcept {
    JobQueue others;
    JobPtr found;
    while (JobPtr job = pop_front()) {
      if (job->node.get() == &node) {
        found = std::move(job);
      } else {
        others.push_back(std::move(job));
      }
    }
    swap(others);
    return found;
  }

 private:
  void swap(JobQueue& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(size_, other.size_);
  }

  JobPtr head_;
  Job* tail_ = nullptr;
  std::size_t size_ = 0;
};

/// What was decided under a lock: ends of jobs, workers to wake. Declared before the lock is taken, it carries them out
/// after that is let go: no callback and no destructor of a user's runs under a lock, and nobody who is woken finds it
/// taken.
class Endings {
 public:
  Endings() = default;
  ~Endings() {
    for (std::size_t i = 0; i < bells_; ++i) to_ring_[i]->ring();
    while (const JobPtr job = jobs_.pop_front()) job->end();
  }
  Endings(const Endings&) = delete;
  Endings& operator=(const Endings&) = delete;

  void ring(std::shared_ptr<Bell> bell) noexcept {
    if (bells_ == to_ring_.size()) return bell->ring();  // rather early than needing memory
    to_ring_[bells_++] = std::move(bell);
  }
  /// As the job says itself.
  void end(JobPtr job) noexcept { jobs_.push_back(std::move(job)); }
  /// Also for a job that is cancelled already, which is then just dropped.
  void cancel(JobPtr job) noexcept {
    job->ending = nullptr;
    end(std::move(job));
  }
  void cancel_all(JobQueue& queue) noexcept {
    while (JobPtr job = queue.pop_front()) cancel(std::move(job));
  }
  void fail(JobPtr job, std::exception_ptr error) noexcept {
    job->ending = std::move(error);
    end(std::move(job));
  }

 private:
  JobQueue jobs_;
  std::array<std::shared_ptr<Bell>, 8> to_ring_;
  std::size_t bells_ = 0;
};

}  // namespace overlap::detail
