// Lines of a file, a pipe or a terminal, in bounded memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "get/byte_source.hpp"

namespace overlap::get {

struct Line {
  std::uint64_t number;   ///< 1-based
  std::string_view text;  ///< without its end (LF or CRLF); of a line that is too long, its first bytes only
  bool is_too_long = false;
};

/// Cuts what a source yields into lines. Never holds more than one block: the rest of a line that is too long is
/// read and dropped. A byte order mark before the first line is dropped too. Used by one thread.
///
/// take() never reads and fill() is the only one that does, so that the caller decides when it may block:
/// `while (!(line = reader.take()) && !reader.at_end()) reader.fill();`
class LineReader {
 public:
  struct Options {
    std::size_t max_line_bytes = 64 * 1024;
    std::size_t block_bytes = 256 * 1024;  ///< of a read; raised to what the longest line needs
  };

  LineReader(ByteSource source, Options options);

  /// The next line that is here in full, or the last one when no more bytes will come. The text is valid until the next
  /// fill().
  std::optional<Line> take();

  /// Waits for more bytes and reads them, or finds that there are none: at_end(). Call it after take() has returned
  /// nothing.
  void fill();

  /// No more bytes will come. take() may still have the last line, which ended without a newline.
  bool at_end() const { return source_.at_end(); }

  /// Whether fill() would return at once. Waits up to `patience` for that, or until a signal comes.
  bool is_readable(std::chrono::milliseconds patience) const { return source_.is_readable(patience); }

  /// Why the bytes ended before their end, in the middle of a line that was not given; nothing if they did not.
  const std::optional<std::string>& error() const { return source_.error(); }

 private:
  Line finish_line(std::string_view text);
  void drop_if_too_long();

  ByteSource source_;
  Options options_;
  std::vector<char> block_;
  std::size_t begin_ = 0;    // of the bytes not taken yet
  std::size_t scanned_ = 0;  // no line ends between begin_ and here
  std::size_t end_ = 0;
  std::uint64_t lines_ = 0;   // taken so far
  bool is_dropping_ = false;  // within a line that is too long; its first bytes are in dropped_
  std::string dropped_;
};

}  // namespace overlap::get
