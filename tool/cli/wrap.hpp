#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace overlap::cli {

/// Lines that are wider than this (0: none is), broken at spaces; a word that is wider stays whole. Widths count
/// characters, not bytes.
std::string wrapped(std::string_view text, std::size_t width);

}  // namespace overlap::cli
