#include "compare/bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "cli/table.hpp"

namespace overlap::compare {
namespace {

constexpr std::size_t kLeastBar = 10;
constexpr std::size_t kMostBar = 80;  // longer ones are no easier to read
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

/// The last character in eighths, so that short bars differ too. A time is never drawn as nothing.
std::string blocks(double length) {
  static constexpr std::array<std::string_view, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = std::max<std::size_t>(static_cast<std::size_t>(std::lround(length * 8)), 1);
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar.append(kEighths[eighths % 8]);
}

std::string hashes(double length) {
  return std::string(std::max<std::size_t>(static_cast<std::size_t>(std::lround(length)), 1), '#');
}

std::string value_of(const ModelSummary& summary) {
  const std::string failed = summary.failed_items > 0 ? fmt::format(", {} failed", summary.failed_items) : "";
  return fmt::format("{} s{}", cli::three_digits(summary.seconds.median), failed);
}

}  // namespace

std::string bars_text(std::span<const ModelSummary> summaries, const TextStyle& style) {
  double longest = 0;
  double shortest = INFINITY;
  std::size_t names = 0;
  std::size_t values = 0;
  std::size_t bars = 0;
  for (const ModelSummary& summary : summaries) {
    if (summary.runs == 0) continue;
    ++bars;
    longest = std::max(longest, summary.seconds.median);
    if (is_whole(summary)) shortest = std::min(shortest, summary.seconds.median);
    names = std::max(names, cli::to_string(summary.model).size());
    values = std::max(values, value_of(summary).size());
  }
  const std::size_t around = names + values + 3;  // two spaces before the bar, one behind it
  if (bars < 2 || longest <= 0 || style.width < around + kLeastBar) return {};
  const auto room = static_cast<double>(std::min(style.width - around, kMostBar));
  std::string text;
  for (const ModelSummary& summary : summaries) {
    if (summary.runs == 0) continue;
    const double length = summary.seconds.median / longest * room;
    const bool is_green = style.has_colour && is_whole(summary) && summary.seconds.median == shortest;
    text += fmt::format("{:<{}}  {}{}{} {}\n", cli::to_string(summary.model), names, is_green ? kGreen : "",
                        style.has_blocks ? blocks(length) : hashes(length), is_green ? kPlain : "", value_of(summary));
  }
  return text;
}

}  // namespace overlap::compare
