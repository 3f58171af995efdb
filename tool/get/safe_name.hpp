// File names made of text from outside, confined to the output directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace overlap::get {

inline constexpr std::size_t kMaxNameBytes = 255;   ///< of one component; what Linux file systems take
inline constexpr std::size_t kMaxPathBytes = 2048;  ///< of the whole; well below PATH_MAX with any directory in front
inline constexpr std::size_t kMaxPathDepth = 32;    ///< components

/// `raw` as a relative path that stays below the directory it is resolved in and does no harm in a shell or terminal.
/// Total and idempotent: every text gives a path for which is_safe_path() holds, or "" if nothing of it is left.
///
/// - '/' separates components. Empty ones and "." are dropped, so no path is absolute; ".." is written "%2E.".
/// - A backslash, whatever cli::is_unshowable() and each byte that is not UTF-8 is percent-encoded, and so is a '.' or
///   '-' that begins a component: no hidden files, and nothing that a command takes for an option.
/// - A component over kMaxNameBytes is cut, ends in a hash of the whole and keeps its extension.
/// - Of a path deeper than kMaxPathDepth or over 1024 bytes (half of kMaxPathBytes, the rest is room for with_suffix())
///   the middle is replaced by a hash of the whole.
std::string make_safe_path(std::string_view raw);

/// Whether OutputDirectory may create this path: what make_safe_path() promises, checked apart from it.
bool is_safe_path(std::string_view path);

/// A piece of a URL percent-decoded as far as names allow: a byte that make_safe_path() would encode stays encoded, and
/// so do '/', '?' and '%' itself. Different pieces that name different bytes give different texts.
std::string decode_for_name(std::string_view percent_encoded);

/// `raw` with '/' and what make_safe_path() would encode anywhere in a component percent-encoded: one component's text.
std::string encode_for_name(std::string_view raw);

/// "jpg" of "photo.jpg" and of "photo.jpg?size=2.5"; "" if there is none. At most 16 ASCII letters and digits.
std::string_view extension_of(std::string_view name);

/// "a/page-2.html" of "a/page.html": the number goes before the extension of the last component, or before its query.
/// Of a path that make_safe_path() made it makes a safe path, also when applied once to each of its directories.
std::string with_suffix(std::string_view path, std::uint64_t number);

}  // namespace overlap::get
