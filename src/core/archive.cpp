#include <overlap/core/detail/archive.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

void Encoder::go_back(const Mark& mark) noexcept {
  message_.bytes.resize(mark.bytes);
  message_.segments.resize(mark.segments);
  message_.attached.resize(mark.attached);
  if (message_.segments.empty()) {
    message_.large.reset();
  } else {
    message_.large->cut(mark.large);
  }
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

void will_be_filled(void* memory, std::size_t size) noexcept {
  constexpr std::size_t kWorthIt = std::size_t{4} << 20;  // two large pages of most processors
  if (size < kWorthIt) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const int error = errno;
  ::madvise(reinterpret_cast<void*>(first), begin + size - first,
            MADV_HUGEPAGE);  // a hint: that it fails means nothing
  errno = error;
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
