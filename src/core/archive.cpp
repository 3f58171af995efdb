#include <overlap/core/detail/archive.hpp>

#include <algorithm>

namespace overlap::detail {

std::uint32_t Encoder::attach(SharedFilePtr file) {
  auto& attached = message_.attached;
  for (std::size_t i = 0; i < attached.size(); ++i) {
    if (attached[i] == file) return static_cast<std::uint32_t>(i);
  }
  if (attached.size() >= kMostAttached) throw NotShippable("more than 200 shared arrays in one call or result");
  attached.push_back(std::move(file));
  return static_cast<std::uint32_t>(attached.size() - 1);
}

/// False when there is no file to be had: then it goes among the other bytes.
bool Encoder::put_aside(const void* data, std::size_t size) {
  if (!message_.large) message_.large = SharedFile::create_budgeted();
  if (!message_.large) {
    large_ = Large::inside;
    return false;
  }
  const std::uint64_t at = message_.bytes.size() + message_.large->size();
  message_.segments.push_back({at, size});
  message_.large->append(data, size);
  return true;
}

const SharedFilePtr& Decoder::attachment(std::uint32_t index) const {
  if (index >= rest_.attached.size()) throw NotShippable("a message between processes names memory that did not come");
  return rest_.attached[index];
}

void Decoder::too_short() { throw NotShippable("a message between processes ends too early"); }

/// Takes each piece from where it is: what was written at one stroke may be read in several, and the other way round.
void Decoder::load_with_segments(char* data, std::size_t size) {
  while (size != 0) {
    std::size_t piece = size;
    if (rest_.segments.empty() || at_ < rest_.segments.front().at) {
      if (!rest_.segments.empty()) piece = std::min<std::uint64_t>(piece, rest_.segments.front().at - at_);
      load_inside(data, piece);
    } else {
      const Segment& segment = rest_.segments.front();
      piece = std::min<std::uint64_t>(piece, segment.size - in_segment_);
      if (segment.at + in_segment_ != at_ || rest_.large == nullptr || !rest_.large->read(in_file_, data, piece)) {
        too_short();
      }
      at_ += piece;
      left_ -= piece;
      in_file_ += piece;
      in_segment_ += piece;
      if (in_segment_ == segment.size) {
        rest_.segments = rest_.segments.subspan(1);
        in_segment_ = 0;
      }
    }
    data += piece;
    size -= piece;
  }
}

}  // namespace overlap::detail
