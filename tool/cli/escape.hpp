// Text from outside (URLs, names, server messages) made safe to show, and the UTF-8 reading that this needs.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace overlap::cli {

struct Utf8Character {
  char32_t value;
  std::size_t bytes;  ///< how many bytes of the text it took, 1 to 4
};

/// The first character of `text`; nothing when it is empty or does not begin with a well-formed sequence (overlong
/// forms, surrogates and values above U+10FFFF are not well formed: Unicode 15, table 3-7).
std::optional<Utf8Character> first_utf8_character(std::string_view text);

/// How many leading bytes of `text` are well-formed UTF-8: text.size() when all are.
std::size_t utf8_prefix(std::string_view text);

/// Characters that steer a terminal or hide what a text says: control characters (C0, DEL, C1), bidirectional
/// embeddings, overrides and isolates, zero-width characters, line and paragraph separators, tags, noncharacters.
bool is_unshowable(char32_t character);

/// `text` with each unshowable character written as \n, \t, \r, \x1b or \u{202e}, and each byte that is not UTF-8 as
/// \xff. What comes out is UTF-8 that no terminal acts upon. A backslash stays as it is, so escaping what was escaped
/// changes nothing. Longer results end in "..." and have at most `max_bytes` bytes (but never fewer than 3).
std::string escape_for_terminal(std::string_view text, std::size_t max_bytes = std::numeric_limits<std::size_t>::max());

/// JSON text with each unshowable character written as JSON's own \u escape: the same JSON, which no terminal acts
/// upon.
std::string escape_json_for_terminal(std::string_view json);

}  // namespace overlap::cli
