#pragma once
/// A stream of bytes from one process to another through memory that they share.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

namespace overlap::detail {

/// What arrived is not what the other process sends.
struct MalformedFrame : std::runtime_error {
  MalformedFrame() : std::runtime_error("a message between processes is malformed") {}
};

/// Counters of a ring; zeros are an empty one. Both count bytes since the beginning and never go back.
struct RingCounters {
  alignas(64) std::atomic<std::uint64_t> written{0};
  alignas(64) std::atomic<std::uint64_t> taken{0};
  /// The writer has more than fits: who takes bytes out tells it.
  std::atomic<std::uint32_t> writer_waits{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "two processes cannot share a lock in here");

/// The writing end. One thread at a time. Its own count is kept here: what the other process does to the shared memory
/// cannot make it write outside of the ring.
class RingWriter {
 public:
  /// The size of `bytes` is a power of two.
  RingWriter(RingCounters& counters, std::span<char> bytes) noexcept : counters_(&counters), bytes_(bytes) {}

  /// Copies as much as fits, which nobody sees until publish(). Gives how much that was. Throws MalformedFrame.
  std::size_t put(std::span<const char> bytes);
  void publish() noexcept { counters_->written.store(written_, std::memory_order_release); }
  /// After a put() that found too little room: true when there is room now; otherwise the reader will tell.
  bool wants_room();

 private:
  std::size_t room() const;

  RingCounters* counters_;
  std::span<char> bytes_;
  std::uint64_t written_ = 0;
};

/// The reading end. One thread at a time, but for has_news().
class RingReader {
 public:
  RingReader(RingCounters& counters, std::span<const char> bytes) noexcept : counters_(&counters), bytes_(bytes) {}

  bool has_news() const noexcept {
    return counters_->written.load(std::memory_order_acquire) != counters_->taken.load(std::memory_order_relaxed);
  }
  /// What can be read at one stretch; the other process must not be trusted to leave it as it is. Throws
  /// MalformedFrame.
  std::span<const char> readable() const;
  /// Gives the room of so many bytes back. True when the writer waits for it and is to be told.
  [[nodiscard]] bool take(std::size_t count) noexcept;

 private:
  RingCounters* counters_;
  std::span<const char> bytes_;
  std::uint64_t taken_ = 0;
};

}  // namespace overlap::detail
