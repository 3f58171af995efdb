#pragma once
/// How a running coroutine is asked to stop: one word in its node, where a std::stop_source would take an allocation
/// for its state and a callback with whoever is told.

#include <atomic>
#include <cstdint>

namespace overlap::detail {

class StopRequest {
 public:
  /// Who is told, once. Reference-counted, since it may be told while the task ends.
  class Listener {
   public:
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    /// Pairs its release with the acquire of the last one out, which deletes.
    void release() noexcept {
      if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    /// Called by whatever thread asks; it holds a reference meanwhile.
    virtual void stop_requested() noexcept = 0;

   protected:
    Listener() noexcept = default;
    virtual ~Listener() = default;

   private:
    std::atomic<std::uint32_t> references_{1};
  };

  StopRequest() noexcept = default;
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;
  /// Whoever listens must have ceased to.
  ~StopRequest() = default;

  bool requested() const noexcept { return word_.load(std::memory_order_acquire) == kRequested; }

  /// Thread-safe; the first call alone tells.
  void request() noexcept {
    // The exchange takes over the reference of who listens, so that who ceases to listen meanwhile does not end it.
    const std::uintptr_t before = word_.exchange(kRequested, std::memory_order_acq_rel);
    if (before == kNobody || before == kRequested) return;
    Listener* const listener = reinterpret_cast<Listener*>(before);
    listener->stop_requested();
    listener->release();
  }

  /// From now on `listener` is told, at once if stopping was requested before. One at a time.
  void listen(Listener& listener) noexcept {
    listener.retain();
    std::uintptr_t expected = kNobody;
    if (word_.compare_exchange_strong(expected, reinterpret_cast<std::uintptr_t>(&listener),
                                      std::memory_order_acq_rel)) {
      return;
    }
    listener.stop_requested();
    listener.release();
  }

  /// From now on it is not told, but for a thread that is about to.
  void ignore(Listener& listener) noexcept {
    std::uintptr_t expected = reinterpret_cast<std::uintptr_t>(&listener);
    if (word_.compare_exchange_strong(expected, kNobody, std::memory_order_acq_rel)) listener.release();
  }

 private:
  static constexpr std::uintptr_t kNobody = 0;
  static constexpr std::uintptr_t kRequested = 1;  // no object has this address

  std::atomic<std::uintptr_t> word_{kNobody};  // or the address of who listens, with a reference
};

}  // namespace overlap::detail
