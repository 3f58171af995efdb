#include "executors/process/frame.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace overlap::detail {
namespace {
constexpr std::size_t kHeader = sizeof(FrameHeader);
constexpr std::size_t kWorthDirect = std::size_t{64} << 10;
}  // namespace

void FrameParser::feed(std::span<const char> bytes, std::vector<Frame>& frames) {
  while (!bytes.empty()) {
    const std::size_t wanted = have_ < kHeader ? kHeader - have_ : kHeader + frame_.header.length - have_;
    const std::size_t count = std::min(wanted, bytes.size());
    if (have_ < kHeader) {
      std::memcpy(reinterpret_cast<char*>(&frame_.header) + have_, bytes.data(), count);
    } else if (!frame_.too_large) {
      std::memcpy(frame_.payload.data.get() + (have_ - kHeader), bytes.data(), count);
    }
    bytes = bytes.subspan(count);
    advance(count, frames);
  }
}

std::span<char> FrameParser::direct() noexcept {
  if (have_ < kHeader || frame_.too_large) return {};
  const std::size_t done = have_ - kHeader;
  if (frame_.payload.size - done < kWorthDirect) return {};
  return {frame_.payload.data.get() + done, frame_.payload.size - done};
}

void FrameParser::received_directly(std::size_t count, std::vector<Frame>& frames) { advance(count, frames); }

void FrameParser::advance(std::size_t count, std::vector<Frame>& frames) {
  have_ += count;
  if (have_ == kHeader) begin_payload();
  if (have_ < kHeader || have_ - kHeader < frame_.header.length) return;
  frames.push_back(std::move(frame_));
  frame_ = Frame{};
  have_ = 0;
}

void FrameParser::begin_payload() {
  if (frame_.header.magic != FrameHeader::kMagic) throw MalformedFrame();
  try {
    frame_.payload.data = std::make_unique_for_overwrite<char[]>(frame_.header.length);
    frame_.payload.size = frame_.header.length;
  } catch (const std::bad_alloc&) {  // also for a length that no array can have
    frame_.too_large = true;
  }
}

}  // namespace overlap::detail
