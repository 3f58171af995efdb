#pragma once
/// What threads write events into, and what a recording reads.
///
/// A recording has one stretch of memory, cut into chunks. A thread takes a chunk when it has none with room, by one
/// atomic step, and is the only one to write there. It says after each event, by the chunk's count, how far one may
/// read. A thread that is late, with an event for a recording that was stopped meanwhile, writes into its chunk of that
/// time, behind what is read; the memory is kept for as long as a thread may do so.

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <overlap/core/detail/trace_point.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {

struct TraceRecord {
  std::uint64_t ticks;
  std::uint64_t what;  // the point in the upper 8 bits, the task in the others
  std::uint64_t value;

  static std::uint64_t pack(TracePoint point, std::uint64_t task) noexcept {
    return static_cast<std::uint64_t>(point) << 56 | task;
  }
  TracePoint point() const noexcept { return static_cast<TracePoint>(what >> 56); }
  /// How many records so many bytes of text take.
  static constexpr std::uint32_t count_for(std::size_t text) noexcept {
    return static_cast<std::uint32_t>((text + sizeof(TraceRecord) - 1) / sizeof(TraceRecord));
  }
  std::uint64_t task() const noexcept { return what & ((std::uint64_t{1} << 56) - 1); }
};
static_assert(sizeof(TraceRecord) == 24);

/// In memory that was zero.
struct TraceChunk {
  static constexpr std::size_t kSize = std::size_t{16} << 10;
  static constexpr std::uint32_t kRecords = (kSize - 16) / sizeof(TraceRecord);

  std::atomic<std::uint32_t> count;  // records that may be read
  std::uint32_t thread;              // the number of the one who writes, from 1 on
  std::uint64_t place;               // of that thread
  std::array<TraceRecord, kRecords> records;
};
static_assert(sizeof(TraceChunk) <= TraceChunk::kSize);

/// The memory of a recording.
class TraceMemory {
 public:
  /// Throws std::bad_alloc.
  explicit TraceMemory(std::size_t max_events);
  ~TraceMemory();
  TraceMemory(const TraceMemory&) = delete;
  TraceMemory& operator=(const TraceMemory&) = delete;

  /// A chunk that nobody has; null when there is none left.
  TraceChunk* take() noexcept;
  void count_dropped() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }

  std::size_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  /// How many were taken, from the first on.
  std::size_t taken() const noexcept;
  const TraceChunk& chunk(std::size_t index) const noexcept { return *at(index); }
  /// Gives the memory back to the system. What is written later goes nowhere.
  void forget() noexcept;

 private:
  TraceChunk* at(std::size_t index) const noexcept {
    return reinterpret_cast<TraceChunk*>(first_ + index * TraceChunk::kSize);
  }

  const std::size_t chunks_;
  std::size_t mapped_ = 0;
  char* map_ = nullptr;
  char* first_ = nullptr;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> dropped_{0};
};

/// Who records, and for which recording. Thread-safe.
class TraceLog {
 public:
  struct Thread {
    std::string name;  // as the system knows it when it first recorded something
    pid_t id = 0;
  };

  static TraceLog& get() noexcept;

  /// Begins to record. Throws std::logic_error if a recording is on.
  void begin(std::shared_ptr<TraceMemory> memory) OVERLAP_EXCLUDES(mutex_);
  /// Stops, and gives the threads that recorded something; their numbers count from 1.
  std::vector<Thread> end() noexcept OVERLAP_EXCLUDES(mutex_);
  /// An event of a thread that could not take part, for want of memory or since it has all but ended.
  void count_lost() noexcept { lost_.fetch_add(1, std::memory_order_relaxed); }
  std::size_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  /// Called by a thread that has an event for that recording and did not take part before. Null, and no number, if it
  /// is over. Throws std::bad_alloc.
  std::shared_ptr<TraceMemory> join(std::uint32_t epoch, std::uint32_t& number) OVERLAP_EXCLUDES(mutex_);

  /// Names of executors, each kept once, for the life of the program; numbers count from 1.
  std::uint32_t number_of(std::string_view name) OVERLAP_EXCLUDES(mutex_);
  std::string name_of(std::uint32_t number) OVERLAP_EXCLUDES(mutex_);

 private:
  TraceLog() = default;

  Mutex mutex_;
  std::uint32_t last_epoch_ OVERLAP_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<TraceMemory> memory_ OVERLAP_GUARDED_BY(mutex_);  // null: nothing is recorded
  std::vector<Thread> threads_ OVERLAP_GUARDED_BY(mutex_);
  std::map<std::string, std::uint32_t, std::less<>> names_ OVERLAP_GUARDED_BY(mutex_);
  std::atomic<std::size_t> lost_{0};  // in the recording that is on, or was
};

}  // namespace overlap::detail
