#pragma once
/// The two ends of the way between a pool and one worker: today a stream socket, and a page of shared memory in which
/// the worker says what it has begun.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "executors/process/frame.hpp"
#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// Bytes to send, shared by the queue that sends them and the task that may have to be sent again.
using Payload = std::shared_ptr<const std::string>;

/// Memory that both ends see. Each lives on when the other is gone.
class SharedPage {
 public:
  struct Contents {
    std::atomic<std::uint64_t> begun{0};     // the last task that the worker began
    std::atomic<std::uint64_t> begun_at{0};  // when, in ticks of traces
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "two processes cannot share a lock in here");

  /// Maps the memory behind a descriptor. Throws std::system_error.
  explicit SharedPage(int fd);
  ~SharedPage();
  SharedPage(SharedPage&& other) noexcept : contents_(std::exchange(other.contents_, nullptr)) {}
  SharedPage& operator=(SharedPage&&) = delete;

  Contents& operator*() const noexcept { return *contents_; }

 private:
  Contents* contents_;
};

/// The pool's end. Never blocks: what does not fit into the socket waits here.
///
/// The sending half is guarded by the pool's lock; the receiving half belongs to the pool's manager thread.
class Channel {
 public:
  /// What the worker needs to open its end.
  struct WorkerEnd {
    UniqueFd socket;
    UniqueFd page;
  };

  enum class Received {
    some,     ///< there may be more
    nothing,  ///< for now
    end,      ///< the worker's end is closed; everything that it sent has been received
  };

  /// Makes both ends. Throws std::system_error.
  static std::pair<Channel, WorkerEnd> open();

  int fd() const noexcept { return socket_.get(); }

  void send(const FrameHeader& header, Payload payload);
  /// Sends what waits, as far as it goes. A worker that is gone is no error here: its end-of-file tells.
  void flush();
  bool has_unsent() const noexcept { return !unsent_.empty(); }
  /// The worker sees end-of-file after what it was sent. What waits here is dropped.
  void end_sending();

  /// Receives once; appends the frames that are whole now. Throws MalformedFrame.
  Received receive(std::span<char> scratch, std::vector<Frame>& frames);

  /// Whether the worker has begun the task.
  bool has_begun(std::uint64_t task) const noexcept;
  /// When it began that task, once it has, in ticks of traces.
  std::uint64_t begun_at() const noexcept { return (*page_).begun_at.load(std::memory_order_relaxed); }

 private:
  struct Unsent {
    FrameHeader header;
    Payload payload;
    std::size_t sent = 0;
  };

  Channel(UniqueFd socket, SharedPage page) : socket_(std::move(socket)), page_(std::move(page)) {}

  UniqueFd socket_;
  SharedPage page_;
  std::deque<Unsent> unsent_;
  bool ended_ = false;
  FrameParser parser_;
};

/// The worker's end. Blocks.
class WorkerChannel {
 public:
  explicit WorkerChannel(Channel::WorkerEnd end);

  /// The next frame; nothing at the end of the stream. Throws MalformedFrame.
  std::optional<Frame> receive();
  /// False when the pool is gone.
  bool send(const FrameHeader& header, std::string_view payload);
  /// Tells the pool, without a message, that the task has begun: it must not be given to another worker any more.
  void begin(std::uint64_t task) noexcept;

 private:
  UniqueFd socket_;
  SharedPage page_;
  FrameParser parser_;
  std::vector<char> scratch_;
  std::vector<Frame> frames_;
  std::size_t next_ = 0;  // of frames_, not given out yet
};

}  // namespace overlap::detail
