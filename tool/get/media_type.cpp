#include "get/media_type.hpp"

#include <algorithm>

namespace overlap::get {

bool is_wanted_type(std::string_view content_type, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::any_of(patterns, [&type](std::string_view pattern) {
    if (!pattern.ends_with("/*")) return type == pattern;
    return type.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

}  // namespace overlap::get
