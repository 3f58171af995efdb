#pragma once
/// std::mutex and std::condition_variable with the annotations by which clang checks that guarded data is only
/// touched under its lock. No cost over the standard types.

#include <condition_variable>
#include <mutex>

#include <overlap/core/time.hpp>

#if defined(__clang__)
#define OVERLAP_ANNOTATION(x) __attribute__((x))
#else
#define OVERLAP_ANNOTATION(x)
#endif

#define OVERLAP_GUARDED_BY(m) OVERLAP_ANNOTATION(guarded_by(m))
#define OVERLAP_REQUIRES(...) OVERLAP_ANNOTATION(requires_capability(__VA_ARGS__))
#define OVERLAP_EXCLUDES(...) OVERLAP_ANNOTATION(locks_excluded(__VA_ARGS__))
#define OVERLAP_ACQUIRE(...) OVERLAP_ANNOTATION(acquire_capability(__VA_ARGS__))
#define OVERLAP_RELEASE(...) OVERLAP_ANNOTATION(release_capability(__VA_ARGS__))

namespace overlap::detail {

class OVERLAP_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() OVERLAP_ACQUIRE() { mutex_.lock(); }
  void unlock() OVERLAP_RELEASE() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; may be let go and taken again in between, which is how user code is run outside it.
class OVERLAP_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) OVERLAP_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() OVERLAP_RELEASE() = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() OVERLAP_ACQUIRE() { lock_.lock(); }
  void unlock() OVERLAP_RELEASE() { lock_.unlock(); }

 private:
  friend class CondVar;
  std::unique_lock<std::mutex> lock_;
};

/// Waits may wake for no reason: always loop over the condition.
class CondVar {
 public:
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }
  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  /// False once the deadline has passed.
  bool wait_until(MutexLock& lock, TimePoint deadline) {
    return condition_.wait_until(lock.lock_, deadline) == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable condition_;
};

}  // namespace overlap::detail
