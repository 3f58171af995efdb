#include "http/gzip_frame.hpp"

#include <algorithm>
#include <array>

namespace overlap::http::detail {
namespace {

// Flags of a gzip head (RFC 1952, 2.3.1).
constexpr unsigned kHeadChecksum = 2;
constexpr unsigned kExtra = 4;
constexpr unsigned kName = 8;
constexpr unsigned kComment = 16;
constexpr unsigned kReserved = 0xE0;

std::uint32_t byte_at(const std::string& text, std::size_t index) noexcept {
  return static_cast<unsigned char>(text[index]);
}

std::uint32_t little_endian(const std::string& text, std::size_t index) noexcept {
  return byte_at(text, index) | byte_at(text, index + 1) << 8 | byte_at(text, index + 2) << 16 |
         byte_at(text, index + 3) << 24;
}

std::uint32_t big_endian(const std::string& text) noexcept {
  return byte_at(text, 3) | byte_at(text, 2) << 8 | byte_at(text, 1) << 16 | byte_at(text, 0) << 24;
}

std::unexpected<std::string> broken(const char* what) { return std::unexpected<std::string>(what); }

// Eight bytes at a time (M. Kounavis, F. Berry, "A Systematic Approach to Building High Performance Software-based CRC
// Generators", 2005): table k holds the checksum of a byte with k zero bytes after it.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();

std::uint32_t word(const std::byte* bytes) noexcept {
  return std::to_integer<std::uint32_t>(bytes[0]) | std::to_integer<std::uint32_t>(bytes[1]) << 8 |
         std::to_integer<std::uint32_t>(bytes[2]) << 16 | std::to_integer<std::uint32_t>(bytes[3]) << 24;
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
  crc = ~crc;
  while (bytes.size() >= 8) {
    const std::uint32_t low = crc ^ word(bytes.data());
    const std::uint32_t high = word(bytes.data() + 4);
    crc = kCrc[7][low & 0xFFU] ^ kCrc[6][low >> 8 & 0xFFU] ^ kCrc[5][low >> 16 & 0xFFU] ^ kCrc[4][low >> 24] ^
          kCrc[3][high & 0xFFU] ^ kCrc[2][high >> 8 & 0xFFU] ^ kCrc[1][high >> 16 & 0xFFU] ^ kCrc[0][high >> 24];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kCrc[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU];
  return ~crc;
}

std::uint32_t adler32(std::uint32_t adler, std::span<const std::byte> bytes) noexcept {
  constexpr std::uint32_t kPrime = 65521;
  constexpr std::size_t kUntilOverflow = 5552;  // so many sums stay below 2^32 (RFC 1950, 9)
  std::uint32_t low = adler & 0xFFFFU;
  std::uint32_t high = adler >> 16;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kUntilOverflow));
    for (const std::byte byte : part) {
      low += std::to_integer<std::uint32_t>(byte);
      high += low;
    }
    low %= kPrime;
    high %= kPrime;
    bytes = bytes.subspan(part.size());
  }
  return high << 16 | low;
}

void Frame::begin(Format format) {
  format_ = format;
  part_ = Part::fixed;
  collected_.clear();
  checksum_ = format == Format::zlib ? 1 : 0;
  size_ = 0;
  to_skip_ = 0;
  if (format == Format::none) part_ = Part::check;
}

// True when `count` bytes are in collected_.
bool Frame::collect(std::span<const std::byte>& input, std::size_t count) {
  const std::size_t taken = std::min(count - collected_.size(), input.size());
  collected_.append(reinterpret_cast<const char*>(input.data()), taken);
  input = input.subspan(taken);
  return collected_.size() == count;
}

bool Frame::skip(std::span<const std::byte>& input, std::size_t count) {
  const std::size_t taken = std::min(count, input.size());
  input = input.subspan(taken);
  to_skip_ = count - taken;
  return to_skip_ == 0;
}

// Up to and with a NUL.
bool Frame::skip_text(std::span<const std::byte>& input) {
  const auto end = std::ranges::find(input, std::byte{0});
  const bool found = end != input.end();
  input = input.subspan(static_cast<std::size_t>(end - input.begin()) + (found ? 1 : 0));
  return found;
}

std::expected<bool, std::string> Frame::read_head(std::span<const std::byte>& input) {
  if (format_ == Format::gzip) return read_gzip_head(input);
  if (format_ == Format::zlib) return read_zlib_head(input);
  return true;
}

std::expected<bool, std::string> Frame::read_zlib_head(std::span<const std::byte>& input) {
  if (part_ == Part::check) return true;
  if (!collect(input, 2)) return false;
  const std::uint32_t head = byte_at(collected_, 0) << 8 | byte_at(collected_, 1);
  if ((head >> 8 & 0x0FU) != 8 || head % 31 != 0) return broken("no zlib stream");
  if ((head & 0x20U) != 0) return broken("it needs a dictionary");
  collected_.clear();
  part_ = Part::check;
  return true;
}

// Each part either is complete and falls through to the next, or waits for more input.
std::expected<bool, std::string> Frame::read_gzip_head(std::span<const std::byte>& input) {
  switch (part_) {
    case Part::fixed:
      if (!collect(input, 10)) return false;
      if (byte_at(collected_, 0) != 0x1F || byte_at(collected_, 1) != 0x8B || byte_at(collected_, 2) != 8)
        return broken("no gzip stream");
      flags_ = byte_at(collected_, 3);
      if ((flags_ & kReserved) != 0) return broken("no gzip stream that is known");
      collected_.clear();
      part_ = Part::extra_length;
      [[fallthrough]];
    case Part::extra_length:
      if ((flags_ & kExtra) != 0) {
        if (!collect(input, 2)) return false;
        to_skip_ = byte_at(collected_, 0) | byte_at(collected_, 1) << 8;
        collected_.clear();
      }
      part_ = Part::extra;
      [[fallthrough]];
    case Part::extra:
      if (!skip(input, to_skip_)) return false;
      part_ = Part::name;
      [[fallthrough]];
    case Part::name:
      if ((flags_ & kName) != 0 && !skip_text(input)) return false;
      part_ = Part::comment;
      [[fallthrough]];
    case Part::comment:
      if ((flags_ & kComment) != 0 && !skip_text(input)) return false;
      part_ = Part::head_checksum;
      [[fallthrough]];
    case Part::head_checksum:
      if ((flags_ & kHeadChecksum) != 0 && !collect(input, 2)) return false;
      collected_.clear();
      part_ = Part::check;
      [[fallthrough]];
    case Part::check:
      break;
  }
  return true;
}

void Frame::add(std::span<const std::byte> decoded) {
  size_ += static_cast<std::uint32_t>(decoded.size());
  if (format_ == Format::gzip) checksum_ = crc32(checksum_, decoded);
  if (format_ == Format::zlib) checksum_ = adler32(checksum_, decoded);
}

std::expected<bool, std::string> Frame::read_check(std::span<const std::byte>& input) {
  if (format_ == Format::none) return true;
  if (!collect(input, format_ == Format::gzip ? 8 : 4)) return false;
  const bool fits = format_ == Format::gzip
                        ? little_endian(collected_, 0) == checksum_ && little_endian(collected_, 4) == size_
                        : big_endian(collected_) == checksum_;
  if (!fits) return broken("its checksum is wrong");
  return true;
}

}  // namespace overlap::http::detail
