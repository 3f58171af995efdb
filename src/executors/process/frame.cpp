#include "executors/process/frame.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace overlap::detail {
namespace {
constexpr std::size_t kHeader = sizeof(FrameHeader);
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 46;  // no process has room for more
}  // namespace

std::size_t FrameParser::feed(std::span<const char> bytes) {
  std::size_t used = 0;
  if (have_ < kHeader) {
    used = std::min<std::size_t>(bytes.size(), kHeader - have_);
    std::memcpy(reinterpret_cast<char*>(&frame_.header) + have_, bytes.data(), used);
    have_ += used;
    if (have_ < kHeader) return used;
    begin_payload();
    bytes = bytes.subspan(used);
  }
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), left());
  if (count != 0 && !frame_.too_large) {
    std::memcpy(frame_.payload.data.get() + (have_ - kHeader), bytes.data(), count);
  }
  have_ += count;
  return used + count;
}

void FrameParser::begin_payload() {
  const FrameHeader& header = frame_.header;
  if (header.magic != FrameHeader::kMagic) throw MalformedFrame();
  if (header.length > kMostBytes) throw MalformedFrame();
  if (header.segments > header.length / sizeof(Segment)) throw MalformedFrame();
  if (header.files > Encoder::kMostAttached + 1) throw MalformedFrame();
  if (header.length == 0) return;
  try {
    frame_.payload.data = std::make_unique_for_overwrite<char[]>(header.length);
    frame_.payload.size = header.length;
  } catch (const std::bad_alloc&) {  // also for a length that no array can have
    frame_.too_large = true;
  }
}

Frame FrameParser::take() noexcept {
  Frame whole = std::move(frame_);
  frame_ = Frame{};
  have_ = 0;
  return whole;
}

MessageView Frame::message(std::vector<Segment>& segments) const {
  segments.resize(header.segments);
  if (segments.empty()) return {payload.view(), {}, nullptr, files};
  if (files.empty()) throw NotShippable("a message between processes lacks its memory");
  const std::size_t size = segments.size() * sizeof(Segment);
  std::memcpy(segments.data(), payload.view().data() + (payload.size - size), size);
  std::uint64_t left = files.front()->length();
  for (const Segment& segment : segments) {
    if (segment.size > left) throw NotShippable("a message between processes says more than its memory holds");
    left -= segment.size;
  }
  return {payload.view().substr(0, payload.size - size), segments, files.front().get(), std::span(files).subspan(1)};
}

}  // namespace overlap::detail
