#pragma once
/// The messages between a pool and one worker: a fixed header, then as many bytes as it says.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <overlap/core/detail/code_address.hpp>

namespace overlap::detail {

enum class FrameKind : std::uint16_t {
  task,          ///< to the worker: run this call
  ready,         ///< from it: initialised, and waits for tasks; `task` is its process id
  outcome,       ///< from it: what the call came to
  setup_failed,  ///< from it: the initializer threw; the payload is the message. The worker ends
};

struct FrameHeader {
  static constexpr std::uint32_t kMagic = 0x6f766c70;  // tells a frame from what a task wrote to a wrong descriptor
  static constexpr std::uint16_t kLast = 1;            // flag of an outcome: the worker retires after this task

  std::uint32_t magic = kMagic;
  FrameKind kind = FrameKind::task;
  std::uint16_t flags = 0;
  std::uint64_t length = 0;  // of the payload
  std::uint64_t task = 0;
  CodeAddress thunk{};
};
static_assert(sizeof(FrameHeader) == 56, "the header crosses as its bytes: no padding");

/// A block of bytes that is not filled before it is written to: payloads may have gigabytes.
struct Bytes {
  std::unique_ptr<char[]> data;
  std::size_t size = 0;
  std::string_view view() const noexcept { return {data.get(), size}; }
};

struct Frame {
  FrameHeader header;
  Bytes payload;
  bool too_large = false;  ///< no memory for the payload: it was read and dropped
};

/// What arrived is no frame.
struct MalformedFrame : std::runtime_error {
  MalformedFrame() : std::runtime_error("a message between processes is malformed") {}
};

/// Cuts a stream of bytes into frames, however it is split. Not thread-safe.
class FrameParser {
 public:
  /// Takes bytes that were received; appends the frames that are whole now. Throws MalformedFrame.
  void feed(std::span<const char> bytes, std::vector<Frame>& frames);

  /// What is missing of a large payload, for receiving into it without a copy; empty when feed() does as well.
  std::span<char> direct() noexcept;
  /// So many bytes were put at the beginning of direct().
  void received_directly(std::size_t count, std::vector<Frame>& frames);

 private:
  void begin_payload();
  void advance(std::size_t count, std::vector<Frame>& frames);

  Frame frame_;
  std::size_t have_ = 0;  // bytes of this frame, header included
};

}  // namespace overlap::detail
