#pragma once

#include <atomic>
#include <cstdint>

namespace overlap::detail {

/// How many workers of a pool are free (they look for work, wait for it, or are just about to) and how many of those
/// are asleep, in one word, so that both are read at the same moment. Thread-safe.
///
/// Every step is sequentially consistent: a worker that changes what is counted and then looks for work, and a
/// submitter that adds work and then looks here, must not both miss the other.
class WorkerCounts {
 public:
  struct Now {
    std::uint32_t free;
    std::uint32_t asleep;
    /// Somebody awake looks for work and will find what is there.
    bool somebody_looks() const noexcept { return free != asleep; }
  };

  Now now() const noexcept {
    const std::uint64_t word = word_.load();
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
  }
  void add_free() noexcept { word_.fetch_add(kFree); }
  void remove_free() noexcept { word_.fetch_sub(kFree); }
  void add_asleep() noexcept { word_.fetch_add(kAsleep); }
  void remove_asleep() noexcept { word_.fetch_sub(kAsleep); }

 private:
  static constexpr std::uint64_t kFree = 1;
  static constexpr std::uint64_t kAsleep = std::uint64_t{1} << 32;

  std::atomic<std::uint64_t> word_{0};
};

}  // namespace overlap::detail
