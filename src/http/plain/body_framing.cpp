#include "http/plain/body_framing.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include <overlap/http/headers.hpp>

namespace overlap::http::detail {
namespace {

constexpr std::size_t kLongestLine = 4096;          // of a chunk's size with its extensions
constexpr std::size_t kLongestTrailer = 64 * 1024;  // all its lines

std::unexpected<std::string> wrong(const char* what) { return std::unexpected<std::string>(what); }

}  // namespace

std::expected<void, std::string> BodyFraming::begin(const Head& head, std::string_view transfer_encoding,
                                                    bool has_body) {
  chunked_ = false;
  line_.clear();
  trailer_ = 0;
  left_ = head.content_length().value_or(0);
  if (!has_body) {
    part_ = Part::done;
  } else if (head.chunked()) {
    if (!same_name(transfer_encoding, "chunked")) return wrong("the body has a transfer coding other than chunked");
    chunked_ = true;
    part_ = Part::chunk_size;
  } else if (head.content_length()) {
    part_ = left_ == 0 ? Part::done : Part::counted;
  } else {
    part_ = Part::until_close;
  }
  return {};
}

std::expected<std::span<const std::byte>, std::string> BodyFraming::next(std::span<const std::byte>& input) {
  while (!input.empty()) {
    switch (part_) {
      case Part::done:
        return std::span<const std::byte>();
      case Part::until_close: {
        const auto piece = input;
        input = {};
        return piece;
      }
      case Part::counted:
      case Part::chunk:
        return take(input);
      case Part::chunk_size:
      case Part::chunk_end:
      case Part::trailer:
        if (auto taken = take_line_part(input); !taken) return std::unexpected(std::move(taken.error()));
    }
  }
  return std::span<const std::byte>();
}

std::span<const std::byte> BodyFraming::take(std::span<const std::byte>& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  const auto piece = input.first(size);
  input = input.subspan(size);
  left_ -= size;
  if (left_ == 0) part_ = part_ == Part::counted ? Part::done : Part::chunk_end;
  return piece;
}

/// Lines are short and seldom, and may come in pieces: they are put together in line_.
std::expected<void, std::string> BodyFraming::take_line_part(std::span<const std::byte>& input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const std::size_t end = text.find('\n');
  const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
  if (line_.size() + size > kLongestLine) return wrong("a line between the chunks of the body is too long");
  line_.append(text.substr(0, size));
  input = input.subspan(size);
  if (end == std::string_view::npos) {
    // What cannot become the end of a chunk is wrong now: the rest of the line may never come.
    if (part_ == Part::chunk_end && line_ != "\r") return wrong("a chunk of the body does not end where it should");
    return {};
  }
  line_.pop_back();
  if (line_.ends_with('\r')) line_.pop_back();
  auto ended = line_ended();
  line_.clear();
  return ended;
}

std::expected<void, std::string> BodyFraming::line_ended() {
  switch (part_) {
    case Part::chunk_size:
      return begin_chunk();
    case Part::chunk_end:
      if (!line_.empty()) return wrong("a chunk of the body does not end where it should");
      part_ = Part::chunk_size;
      return {};
    default:
      break;
  }
  trailer_ += line_.size() + 2;
  if (trailer_ > kLongestTrailer) return wrong("the trailer of the body is too long");
  if (line_.empty()) part_ = Part::done;
  return {};
}

// "1a; extension": extensions mean nothing to us.
std::expected<void, std::string> BodyFraming::begin_chunk() {
  const char* const end = line_.data() + line_.size();
  const auto [stop, error] = std::from_chars(line_.data(), end, left_, 16);
  const bool has_end = stop == end || *stop == ';' || *stop == ' ' || *stop == '\t';
  if (error == std::errc::result_out_of_range || left_ > std::numeric_limits<std::int64_t>::max())
    return wrong("a chunk of the body is larger than can be");
  if (error != std::errc() || !has_end) return wrong("a chunk of the body has no size");
  part_ = left_ == 0 ? Part::trailer : Part::chunk;
  return {};
}

}  // namespace overlap::http::detail
