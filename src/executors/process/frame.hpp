#pragma once
/// The messages between a pool and one worker: a fixed header, then as many bytes as it says.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <overlap/core/detail/archive.hpp>

#include "executors/process/ring.hpp"

namespace overlap::detail {

enum class FrameKind : std::uint16_t {
  task,          ///< to the worker: run this call
  ready,         ///< from it: initialised, and waits for tasks; `task` is its process id
  outcome,       ///< from it: what the call came to
  setup_failed,  ///< from it: the initializer threw; the payload is the message. The worker ends
};

struct FrameHeader {
  static constexpr std::uint32_t kMagic = 0x6f766c70;  // tells a frame from what a task wrote to a wrong place
  static constexpr std::uint16_t kLast = 1;            // flag of an outcome: the worker retires after this task

  std::uint32_t magic = kMagic;
  FrameKind kind = FrameKind::task;
  std::uint16_t flags = 0;
  std::uint64_t length = 0;    // of the payload: the message's bytes, then its segments
  std::uint32_t segments = 0;  // of the message
  std::uint32_t files = 0;     // that come along on the socket: first that of the segments, if there are any
  std::uint64_t task = 0;
  CodeAddress thunk{};
};
static_assert(sizeof(FrameHeader) == 64, "the header crosses as its bytes: no padding");

/// A block of bytes that is not filled before it is written to: payloads may have gigabytes.
struct Bytes {
  std::unique_ptr<char[]> data;
  std::size_t size = 0;
  std::string_view view() const noexcept { return {data.get(), size}; }
};

struct Frame {
  FrameHeader header;
  Bytes payload;
  bool too_large = false;            ///< no memory for the payload, or no descriptors for the files: they were dropped
  std::vector<SharedFilePtr> files;  ///< that came along

  /// The message in it, which refers to this frame and to `segments`. Throws NotShippable when it does not add up.
  MessageView message(std::vector<Segment>& segments) const;
};

/// Cuts a stream of bytes into frames, however it is split. Not thread-safe.
class FrameParser {
 public:
  /// Takes bytes up to the end of a frame, at most; gives how many. Then has_frame() says whether it is whole. Throws
  /// MalformedFrame.
  std::size_t feed(std::span<const char> bytes);

  bool has_frame() const noexcept { return have_ >= sizeof(FrameHeader) && left() == 0; }
  /// The frame that is whole; the next feed() begins another.
  Frame take() noexcept;

 private:
  std::uint64_t left() const noexcept { return sizeof(FrameHeader) + frame_.header.length - have_; }
  void begin_payload();

  Frame frame_;
  std::uint64_t have_ = 0;  // bytes of this frame, header included
};

}  // namespace overlap::detail
