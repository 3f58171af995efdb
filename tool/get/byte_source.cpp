#include "get/byte_source.hpp"

#include <poll.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace overlap::get {
namespace {

constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::size_t kCompressedBlock = 64 * 1024;
constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib: a gzip head and tail are expected, and checked

}  // namespace

/// The members of a gzip file as one text. zlib checks head, digest and length of each.
class ByteSource::Inflater {
 public:
  explicit Inflater(std::string_view begun) : block_(kCompressedBlock) {
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
    std::ranges::copy(begun, block_.begin());
    give(begun.size());
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Where to put more compressed bytes, once those given before are used up.
  std::span<char> room() { return block_; }
  void give(std::size_t bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(block_.data());
    stream_.avail_in = static_cast<uInt>(bytes);
    has_more_ = bytes > 0;
  }
  /// Whether next() may have something to give without more input.
  bool has_more() const { return has_more_; }
  /// Whether the input may end here.
  bool is_between_members() const { return is_between_; }
  const std::optional<std::string>& error() const { return error_; }

  std::size_t next(std::span<char> room) {
    if (is_between_ && !begin_member()) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size(), kMostAtOnce));
    const uInt asked = stream_.avail_out;
    const int outcome = inflate(&stream_, Z_NO_FLUSH);
    // With room left over all input was used, and what it gave was given.
    has_more_ = stream_.avail_in > 0 || stream_.avail_out == 0;
    if (outcome == Z_STREAM_END) {
      is_between_ = true;
      is_first_ = false;
      inflateReset(&stream_);
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      fail(stream_.msg != nullptr ? stream_.msg : "no gzip data");
    }
    return asked - stream_.avail_out;
  }

 private:
  static constexpr std::size_t kMostAtOnce = 1U << 30;

  /// Skips the zeros that tapes and block devices leave after a member. What follows is another member, or damage.
  bool begin_member() {
    if (!is_first_) {
      while (stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        --stream_.avail_in;
      }
    }
    has_more_ = stream_.avail_in > 0;
    if (!has_more_) return false;
    is_between_ = false;
    return true;
  }
  void fail(std::string_view why) {
    error_ = is_first_ || stream_.total_in > 2 ? "its gzip data is damaged: " + std::string(why)
                                               : "its gzip data is followed by something else";
    has_more_ = false;
  }

  z_stream stream_{};
  std::vector<char> block_;
  bool has_more_ = false;
  bool is_between_ = true;
  bool is_first_ = true;  // no member has ended yet
  std::optional<std::string> error_;
};

ByteSource::ByteSource(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<char> room) {
  if (at_end_) return 0;
  if (!is_decided_) return read_first(room);
  if (inflater_) return read_compressed(room);
  const std::size_t got = read_descriptor(room);
  if (descriptor_ended_) at_end_ = true;
  return got;
}

/// Two bytes tell, however few of them a pipe gives at a time.
std::size_t ByteSource::read_first(std::span<char> room) {
  char two[2];
  const std::size_t got = read_descriptor(std::span(two).first(kGzipMagic.size() - first_.size()));
  first_.append(two, got);
  if (error_) return 0;
  if (first_.size() < kGzipMagic.size() && kGzipMagic.starts_with(first_) && !descriptor_ended_) return 0;
  is_decided_ = true;
  if (first_ == kGzipMagic) {
    inflater_ = std::make_unique<Inflater>(first_);
    return 0;
  }
  at_end_ = descriptor_ended_;
  const std::size_t given = first_.copy(room.data(), room.size());
  return given;
}

std::size_t ByteSource::read_compressed(std::span<char> room) {
  if (!inflater_->has_more()) {
    const std::size_t got = read_descriptor(inflater_->room());
    if (error_) return 0;
    if (descriptor_ended_) {
      if (!inflater_->is_between_members()) fail("its gzip data is cut short");
      at_end_ = true;
      return 0;
    }
    inflater_->give(got);
  }
  const std::size_t given = inflater_->next(room);
  if (inflater_->error()) fail(*inflater_->error());
  return given;
}

/// Gives 0 at the end, and after a failure.
std::size_t ByteSource::read_descriptor(std::span<char> room) {
  while (true) {
    const ssize_t got = ::read(descriptor_.get(), room.data(), room.size());
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {  // standard input that its giver made non-blocking
      pollfd waited{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
      ::poll(&waited, 1, -1);
      continue;
    }
    if (got < 0) fail(std::strerror(errno));
    descriptor_ended_ = true;
    return 0;
  }
}

void ByteSource::fail(std::string why) {
  error_ = std::move(why);
  at_end_ = true;
}

bool ByteSource::is_readable(std::chrono::milliseconds patience) const {
  if (at_end_ || (inflater_ && inflater_->has_more())) return true;
  pollfd waited{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
  const auto limit = std::clamp<std::chrono::milliseconds::rep>(patience.count(), -1, 60'000);
  return ::poll(&waited, 1, static_cast<int>(limit)) > 0;
}

}  // namespace overlap::get
