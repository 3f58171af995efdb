#pragma once
/// How many requests an origin answers at a time, and how many there have been.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <overlap/core/mutex.hpp>
#include <utility>
#include <vector>

namespace overlap::serve {

/// A number of places, each of which answers one request after the other; what comes while all are taken waits for the
/// first that is free. With k places and a latency of t an origin has its knee at k requests at a time: fewer use less
/// than its k/t a second, more only wait longer. Safe to use from any thread.
class Places {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: as many as anybody wants.
  explicit Places(std::size_t count) : free_at_(count) {}

  /// When a request that came at `now`, and takes so long, will have been answered. It keeps its place until then, also
  /// if whoever asked is gone.
  Clock::time_point book(Clock::time_point now, std::chrono::nanoseconds duration) {
    const detail::MutexLock lock(mutex_);
    if (free_at_.empty()) return now + duration;
    std::ranges::pop_heap(free_at_, std::greater<>());
    free_at_.back() = std::max(free_at_.back(), now) + duration;
    const Clock::time_point done = free_at_.back();
    std::ranges::push_heap(free_at_, std::greater<>());
    return done;
  }

 private:
  detail::Mutex mutex_;
  std::vector<Clock::time_point> free_at_ OVERLAP_GUARDED_BY(mutex_);  // a heap, the earliest on top
};

/// How many requests are under way, and were at most. Safe to use from any thread.
class Attendance {
 public:
  /// A request from its arrival to its response.
  class Visit {
   public:
    Visit() = default;
    explicit Visit(Attendance& all) : all_(&all), at_once_(all.now_.fetch_add(1, std::memory_order_relaxed) + 1) {
      std::size_t most = all.most_.load(std::memory_order_relaxed);
      while (most < at_once_ && !all.most_.compare_exchange_weak(most, at_once_, std::memory_order_relaxed)) {
      }
    }
    Visit(Visit&& other) noexcept : all_(std::exchange(other.all_, nullptr)), at_once_(other.at_once_) {}
    Visit& operator=(Visit&& other) noexcept {
      std::swap(all_, other.all_);
      std::swap(at_once_, other.at_once_);
      return *this;
    }
    ~Visit() {
      if (all_ != nullptr) all_->now_.fetch_sub(1, std::memory_order_relaxed);
    }
    /// Requests under way when this one came, itself included.
    std::size_t at_once() const { return at_once_; }

   private:
    Attendance* all_ = nullptr;
    std::size_t at_once_ = 0;
  };

  std::size_t most() const { return most_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> now_{0};  // relaxed, both: numbers to show, which order nothing
  std::atomic<std::size_t> most_{0};
};

}  // namespace overlap::serve
