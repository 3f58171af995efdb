// Percent-encoding, as RFC 3986 has it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace overlap::get {

/// The byte that the escape at `at` stands for; nothing if `text` has none there.
std::optional<char> escape_at(std::string_view text, std::size_t at);

/// Replaces each escape by its byte. A '%' that begins none stays.
std::string percent_decode(std::string_view text);

/// Appends each of `bytes` as an escape, in capitals.
void append_percent_encoded(std::string& out, std::string_view bytes);

}  // namespace overlap::get
