#include "cli/wrap.hpp"

#include <algorithm>

namespace overlap::cli {
namespace {

std::size_t characters(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

/// Where to break: at the last space that leaves no more than `width`, else at the first one, else nowhere.
std::size_t break_of(std::string_view line, std::size_t width) {
  std::size_t found = std::string_view::npos;
  for (std::size_t at = line.find(' ', line.find_first_not_of(' ')); at != std::string_view::npos;
       at = line.find(' ', at + 1)) {
    if (found != std::string_view::npos && characters(line.substr(0, at)) > width) break;
    found = at;
  }
  return found;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (width != 0 && characters(line) > width) {
      const std::size_t at = break_of(line, width);
      if (at == std::string_view::npos) break;
      result.append(line.substr(0, at)).push_back('\n');
      line.remove_prefix(at + 1);
    }
    result.append(line);
    if (end == text.size()) break;
    result.push_back('\n');
    text.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace overlap::cli
