#include "get/line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace overlap::get {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kAroundLine =
    kByteOrderMark.size() + 1;  // what a line of allowed length may have besides: and CR
constexpr std::size_t kSmallestRead = 4096;
constexpr std::size_t kShownBytes = 1024;  // kept of a line that is too long

}  // namespace

LineReader::LineReader(ByteSource source, Options options)
    : source_(std::move(source)),
      options_(options),
      block_(std::max(options.block_bytes, options.max_line_bytes + kAroundLine + kSmallestRead)) {}

std::optional<Line> LineReader::take() {
  const char* const found =
      scanned_ == end_ ? nullptr
                       : static_cast<const char*>(std::memchr(block_.data() + scanned_, '\n', end_ - scanned_));
  const bool is_last = found == nullptr && at_end() && !error() && (begin_ < end_ || is_dropping_);
  if (found == nullptr && !is_last) {
    scanned_ = end_;
    drop_if_too_long();
    return std::nullopt;
  }
  const std::size_t line_end = is_last ? end_ : static_cast<std::size_t>(found - block_.data());
  const std::string_view text(block_.data() + begin_, line_end - begin_);
  begin_ = scanned_ = is_last ? end_ : line_end + 1;
  return finish_line(text);
}

Line LineReader::finish_line(std::string_view text) {
  const bool was_dropping = std::exchange(is_dropping_, false);
  if (was_dropping) text = dropped_;
  if (lines_ == 0 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!was_dropping && text.ends_with('\r')) text.remove_suffix(1);
  const bool is_too_long = was_dropping || text.size() > options_.max_line_bytes;
  // Of a line that is too long, as much as is known of each, however its bytes arrived.
  if (is_too_long) text = text.substr(0, std::min(kShownBytes, options_.max_line_bytes));
  return Line{++lines_, text, is_too_long};
}

void LineReader::drop_if_too_long() {
  const std::size_t size = end_ - begin_;
  if (!is_dropping_) {
    if (size <= options_.max_line_bytes + kAroundLine) return;
    dropped_.assign(block_.data() + begin_, std::min(size, kShownBytes + kAroundLine));
    is_dropping_ = true;
  }
  begin_ = scanned_ = end_ = 0;
}

void LineReader::fill() {
  std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
  if (end_ < block_.size()) end_ += source_.read(std::span(block_).subspan(end_));
}

}  // namespace overlap::get
