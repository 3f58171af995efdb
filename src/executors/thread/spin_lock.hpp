#pragma once
/// A lock for sections of a few nanoseconds that run no code of others: taking it costs one atomic step, leaving it a
/// plain store. Not fair, not recursive. Whoever finds it taken spins, then gives up the CPU until it is free.

#include <atomic>
#include <thread>

#include <overlap/core/detail/pause.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {

class OVERLAP_ANNOTATION(capability("mutex")) SpinLock {
 public:
  void lock() noexcept OVERLAP_ACQUIRE() {
    // acquire: pairs with the release in unlock().
    while (taken_.exchange(true, std::memory_order_acquire)) wait_until_free();
  }
  void unlock() noexcept OVERLAP_RELEASE() { taken_.store(false, std::memory_order_release); }

 private:
  void wait_until_free() const noexcept {
    constexpr int kSpins = 100;  // far longer than any section, unless the holder has lost its CPU
    for (int i = 0; taken_.load(std::memory_order_relaxed); ++i) {
      if (i < kSpins) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

  std::atomic<bool> taken_{false};
};

/// Holds a SpinLock for a scope; may be let go before.
class OVERLAP_ANNOTATION(scoped_lockable) SpinGuard {
 public:
  explicit SpinGuard(SpinLock& lock) noexcept OVERLAP_ACQUIRE(lock) : lock_(&lock) { lock.lock(); }
  ~SpinGuard() OVERLAP_RELEASE() {
    if (lock_ != nullptr) lock_->unlock();
  }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;

  void unlock() noexcept OVERLAP_RELEASE() { std::exchange(lock_, nullptr)->unlock(); }

 private:
  SpinLock* lock_;
};

}  // namespace overlap::detail
