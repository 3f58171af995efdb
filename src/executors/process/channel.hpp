#pragma once
/// The two ends of the way between a pool and one worker: a ring of bytes in shared memory for each direction, a bell
/// to wake the worker, the pool's bell to wake the pool, and a socket for descriptors, which memory cannot carry.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "executors/process/bell.hpp"
#include "executors/process/frame.hpp"
#include "executors/process/shared_region.hpp"
#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// A message to send, shared by the channel that sends it and the task that may have to be sent again.
using Payload = std::shared_ptr<const Message>;

/// What pool and worker share. Zeros are a channel on which nothing was sent yet.
struct ChannelMemory {
  static constexpr std::size_t kRing = std::size_t{128} << 10;

  Bell worker;                             // what the worker listens to
  std::atomic<std::uint64_t> begun{0};     // the last task that the worker began
  std::atomic<std::uint64_t> begun_at{0};  // when, in ticks of traces
  std::atomic<std::uint32_t> ended{0};     // the pool sends no more
  RingCounters to_worker;
  RingCounters from_worker;
  alignas(4096) std::array<char, kRing> bytes_to_worker;
  std::array<char, kRing> bytes_from_worker;
};

/// The pool's end. Never blocks: what does not fit into the ring waits here.
///
/// The sending half is guarded by the pool's lock; the receiving half belongs to the pool's manager thread.
class Channel {
 public:
  /// What the worker needs to open its end.
  struct WorkerEnd {
    UniqueFd socket;
    UniqueFd memory;
  };

  /// Makes both ends. Throws std::system_error.
  static std::pair<Channel, WorkerEnd> open();

  /// Sends a frame, or as much as fits; has_unsent() must be false. The caller rings worker_bell(): outside of its
  /// lock, since who is woken may get this very CPU at once. Gives 0, or errno when the message's files cannot be
  /// handed over: then nothing was sent. Throws MalformedFrame, as flush() does.
  int send(const FrameHeader& header, Payload message);
  /// Lives as long as somebody holds it, also without the channel.
  std::shared_ptr<Bell> worker_bell() const noexcept { return {memory_, &(*memory_)->worker}; }
  /// Sends what waits, as far as it goes, and wakes the worker.
  void flush();
  bool has_unsent() const noexcept { return unsent_ != nullptr; }
  /// The worker is to end when it has read what it was sent. What waits here is dropped.
  void end_sending() noexcept;

  /// Whether receive() may find something. Any thread may ask.
  bool has_news() const noexcept { return in_.has_news(); }
  /// The next frame that is whole; nothing when there is none for now. Throws MalformedFrame.
  std::optional<Frame> receive();

  /// Whether the worker has begun the task.
  bool has_begun(std::uint64_t task) const noexcept;
  /// When it began that task, once it has, in ticks of traces.
  std::uint64_t begun_at() const noexcept { return memory().begun_at.load(std::memory_order_relaxed); }

 private:
  Channel(UniqueFd socket, std::shared_ptr<Shared<ChannelMemory>> memory);
  ChannelMemory& memory() const noexcept { return **memory_; }
  bool copy_unsent();

  UniqueFd socket_;
  std::shared_ptr<Shared<ChannelMemory>> memory_;
  RingWriter out_;
  RingReader in_;
  FrameHeader header_;  // of unsent_
  Payload unsent_;
  std::size_t sent_ = 0;  // bytes of unsent_, its header included
  bool ended_ = false;
  FrameParser parser_;
};

/// The worker's end. Blocks.
class WorkerChannel {
 public:
  /// `pool` outlives it.
  WorkerChannel(Channel::WorkerEnd end, Bell& pool);

  /// The next frame; nothing when the pool sends no more. Throws MalformedFrame.
  std::optional<Frame> receive();
  /// Throws MalformedFrame, and std::system_error when the message's files cannot be handed over.
  void send(const FrameHeader& header, const Message& message);
  /// Tells the pool, without a message, that the task has begun: it must not be given to another worker any more.
  void begin(std::uint64_t task) noexcept;

 private:
  void write(std::span<const char> bytes);

  UniqueFd socket_;
  Shared<ChannelMemory> memory_;
  Bell& pool_;
  RingWriter out_;
  RingReader in_;
  FrameParser parser_;
};

}  // namespace overlap::detail
