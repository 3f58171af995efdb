#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace overlap::http::detail {

/// What stands around a deflate stream in a gzip member (RFC 1952) or a zlib stream (RFC 1950): the head before it, and
/// behind it the checksum of what it decodes to. Fed in pieces of any size.
class Frame {
 public:
  enum class Format : std::uint8_t { gzip, zlib, none };

  /// For the next member.
  void begin(Format format);
  Format format() const noexcept { return format_; }

  /// Reads on in the head; takes what belongs to it off `input`. True when it is complete; fails if it is not one.
  std::expected<bool, std::string> read_head(std::span<const std::byte>& input);
  /// The decoded bytes, as they come.
  void add(std::span<const std::byte> decoded);
  /// The same for the checksum behind the stream, which must fit what was added.
  std::expected<bool, std::string> read_check(std::span<const std::byte>& input);

 private:
  enum class Part : std::uint8_t { fixed, extra_length, extra, name, comment, head_checksum, check };

  bool collect(std::span<const std::byte>& input, std::size_t count);
  bool skip(std::span<const std::byte>& input, std::size_t count);
  static bool skip_text(std::span<const std::byte>& input);
  std::expected<bool, std::string> read_gzip_head(std::span<const std::byte>& input);
  std::expected<bool, std::string> read_zlib_head(std::span<const std::byte>& input);

  Format format_ = Format::none;
  Part part_ = Part::fixed;
  std::string collected_;
  std::size_t to_skip_ = 0;
  unsigned flags_ = 0;
  std::uint32_t checksum_ = 0;
  std::uint32_t size_ = 0;  // modulo 2^32, as gzip keeps it
};

/// CRC-32 of gzip (ISO 3309): of what `crc` is the checksum of, followed by `bytes`. Of nothing it is 0.
std::uint32_t crc32(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;
/// Adler-32 of zlib, likewise. Of nothing it is 1.
std::uint32_t adler32(std::uint32_t adler, std::span<const std::byte> bytes) noexcept;

}  // namespace overlap::http::detail
