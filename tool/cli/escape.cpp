#include "cli/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace overlap::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Sorted. Control characters and noncharacters are found by rule instead.
constexpr std::array kUnshowable{
    Range{0x00AD, 0x00AD},    // soft hyphen
    Range{0x061C, 0x061C},    // Arabic letter mark
    Range{0x180E, 0x180E},    // Mongolian vowel separator
    Range{0x200B, 0x200F},    // zero-width characters, left-to-right and right-to-left marks
    Range{0x2028, 0x202E},    // line and paragraph separators; bidirectional embeddings and overrides
    Range{0x2060, 0x206F},    // word joiner, invisible operators, bidirectional isolates
    Range{0xFEFF, 0xFEFF},    // byte order mark
    Range{0xFFF9, 0xFFFB},    // interlinear annotation
    Range{0xE0000, 0xE007F},  // tags: a text within the text
};

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// The smallest value that needs a sequence of so many bytes; smaller ones in it are overlong.
constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// The piece of escaped text that stands for what `text` begins with; `used` becomes the bytes it stands for.
std::string next_piece(std::string_view text, std::size_t& used) {
  const auto character = first_utf8_character(text);
  if (!character) {
    used = 1;
    return fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
  }
  used = character->bytes;
  if (!is_unshowable(character->value)) return std::string(text.substr(0, used));
  if (character->value == '\n') return "\\n";
  if (character->value == '\r') return "\\r";
  if (character->value == '\t') return "\\t";
  const auto value = static_cast<std::uint32_t>(character->value);
  return value < 0x80 ? fmt::format("\\x{:02x}", value) : fmt::format("\\u{{{:04x}}}", value);
}

}  // namespace

std::optional<Utf8Character> first_utf8_character(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = sequence_length(lead);
  if (length == 0 || length > text.size()) return std::nullopt;
  if (length == 1) return Utf8Character{lead, 1};

  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (!is_continuation(byte)) return std::nullopt;
    value = (value << 6) | (byte & 0x3FU);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest.at(length) || value > 0x10FFFF || is_surrogate) return std::nullopt;
  return Utf8Character{value, length};
}

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto character = first_utf8_character(text.substr(at));
    if (!character) break;
    at += character->bytes;
  }
  return at;
}

bool is_unshowable(char32_t character) {
  if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return true;
  if (character < 0x00AD) return false;
  if ((character & 0xFFFE) == 0xFFFE || (character >= 0xFDD0 && character <= 0xFDEF)) return true;
  return std::ranges::any_of(kUnshowable, [character](Range r) { return character >= r.first && character <= r.last; });
}

std::string escape_for_terminal(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kEllipsis = "...";
  max_bytes = std::max(max_bytes, kEllipsis.size());
  std::string out;
  std::size_t room_for_ellipsis = 0;  // the longest end of a piece after which the ellipsis still fits
  while (!text.empty()) {
    std::size_t used = 0;
    const std::string piece = next_piece(text, used);
    if (piece.size() > max_bytes - out.size()) {
      out.resize(room_for_ellipsis);
      return out.append(kEllipsis);
    }
    out += piece;
    if (out.size() <= max_bytes - kEllipsis.size()) room_for_ellipsis = out.size();
    text.remove_prefix(used);
  }
  return out;
}

std::string escape_json_for_terminal(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto character = first_utf8_character(json);
    const std::size_t bytes = character ? character->bytes : 1;
    if (!character || !is_unshowable(character->value)) {
      out += json.substr(0, bytes);
    } else if (character->value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(character->value));
    } else {
      const unsigned above = static_cast<unsigned>(character->value) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (above >> 10), 0xDC00 + (above & 0x3FF));
    }
    json.remove_prefix(bytes);
  }
  return out;
}

}  // namespace overlap::cli
