#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "core/trace_log.hpp"

namespace overlap::detail {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

std::size_t chunks_for(std::size_t events) noexcept {
  return std::max<std::size_t>(1, events / TraceChunk::kRecords + (events % TraceChunk::kRecords != 0 ? 1 : 0));
}

}  // namespace

// Large pages where the system has them: to get memory page by page, 170 events each, takes half as long as all the
// rest of recording.
TraceMemory::TraceMemory(std::size_t max_events) : chunks_(chunks_for(max_events)) {
  constexpr std::size_t kMost = SIZE_MAX / 2 / TraceChunk::kSize;
  if (chunks_ > kMost) throw std::bad_alloc();
  const std::size_t size = round_up(chunks_ * TraceChunk::kSize, kHugePage);
  mapped_ = size + kHugePage;
  void* const map =
      ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc();
  map_ = static_cast<char*>(map);
  first_ =
      map_ + (round_up(reinterpret_cast<std::uintptr_t>(map_), kHugePage) - reinterpret_cast<std::uintptr_t>(map_));
  ::madvise(first_, size, MADV_HUGEPAGE);
}

TraceMemory::~TraceMemory() { ::munmap(map_, mapped_); }

TraceChunk* TraceMemory::take() noexcept {
  // Looked at first, so that the number does not run on for as long as events are dropped.
  if (next_.load(std::memory_order_relaxed) >= chunks_) return nullptr;
  const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
  return index < chunks_ ? at(index) : nullptr;
}

std::size_t TraceMemory::taken() const noexcept { return std::min(next_.load(std::memory_order_relaxed), chunks_); }

void TraceMemory::forget() noexcept { ::madvise(map_, mapped_, MADV_DONTNEED); }

}  // namespace overlap::detail
