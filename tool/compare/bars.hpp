// Run times as bars of characters.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "compare/summary.hpp"

namespace overlap::compare {

/// What a terminal can show.
struct TextStyle {
  std::size_t width = 0;       ///< columns for bars; 0: no bars
  std::size_t line_width = 0;  ///< columns for everything else; 0: lines may be as long as they are
  bool has_blocks = false;     ///< block characters; else '#'
  bool has_colour = false;
};

/// A line a model, its bar as long as the median of its runs; the fastest is green where there are colours, of
/// those in which nothing failed; the others say how much did. Nothing where fewer than two models have a time, or
/// there is no room.
std::string bars_text(std::span<const ModelSummary> summaries, const TextStyle& style);

}  // namespace overlap::compare
