#pragma once
/// Memory for the nodes of tasks: each thread keeps some of what was freed on it for its next ones. A task that is
/// made, run and forgotten on one thread, as in fork and join, then costs no call of malloc. The general caches of
/// malloc are shared by all sizes and are used up by a recursion of a few levels.

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OVERLAP_NODES_ARE_NOT_KEPT
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OVERLAP_NODES_ARE_NOT_KEPT  // so that a use after the end is seen
#endif

namespace overlap::detail {

/// What one thread keeps: at most 64 pieces of each size up to 256 bytes, 72 KiB in all. Given back when the thread
/// ends.
class NodeMemory {
 public:
  /// Throws std::bad_alloc.
  static void* allocate(std::size_t size) {
    const std::size_t bin = bin_of(size);
#ifndef OVERLAP_NODES_ARE_NOT_KEPT
    if (bin < kBins) {
      Bin& kept = mine_.bins[bin];
      if (kept.first != nullptr) {
        --kept.count;
        Piece* const piece = kept.first;
        kept.first = piece->next;
        return piece;
      }
    }
#endif
    return ::operator new(bin < kBins ? (bin + 1) * kStep : size);
  }

  /// `size` as it was asked for.
  static void release(void* memory, std::size_t size) noexcept {
    const std::size_t bin = bin_of(size);
#ifndef OVERLAP_NODES_ARE_NOT_KEPT
    if (bin < kBins && mine_.bins[bin].count < mine_.most) {
      Bin& kept = mine_.bins[bin];
      ++kept.count;
      kept.first = ::new (memory) Piece{kept.first};
      return;
    }
    if (bin < kBins && mine_.most == kNotYet) return release_first(memory, size);
#endif
    ::operator delete(memory, bin < kBins ? (bin + 1) * kStep : size);
  }

 private:
  static constexpr std::size_t kStep = 32;
  static constexpr std::size_t kBins = 8;
  static constexpr std::uint32_t kMost = 64;
  static constexpr std::uint32_t kNotYet = 0;  // nothing is kept before it is known who gives it back

  struct Piece {
    Piece* next;
  };
  struct Bin {
    Piece* first = nullptr;
    std::uint32_t count = 0;
  };
  struct Kept {
    std::array<Bin, kBins> bins{};
    std::uint32_t most = kNotYet;
    bool is_over = false;  // the thread is ending
  };
  struct GiveBack;

  static std::size_t bin_of(std::size_t size) noexcept { return (size - 1) / kStep; }
  static void release_first(void* memory, std::size_t size) noexcept;

  static thread_local constinit Kept mine_;
};

}  // namespace overlap::detail
