#include <overlap/core/detail/node_memory.hpp>

namespace overlap::detail {

thread_local constinit NodeMemory::Kept NodeMemory::mine_;

/// Destroyed when its thread ends. Nodes that are freed after it, by other destructors of the thread, are not kept.
struct NodeMemory::GiveBack {
  GiveBack() noexcept { mine_.most = kMost; }
  ~GiveBack() {
    mine_.most = kNotYet;
    mine_.is_over = true;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      while (Piece* const piece = mine_.bins[bin].first) {
        mine_.bins[bin].first = piece->next;
        ::operator delete(piece, (bin + 1) * kStep);
      }
      mine_.bins[bin].count = 0;
    }
  }
  GiveBack(const GiveBack&) = delete;
  GiveBack& operator=(const GiveBack&) = delete;
};

void NodeMemory::release_first(void* memory, std::size_t size) noexcept {
  if (!mine_.is_over) {
    static thread_local const GiveBack at_the_end;
    return release(memory, size);
  }
  ::operator delete(memory, (bin_of(size) + 1) * kStep);
}

}  // namespace overlap::detail
