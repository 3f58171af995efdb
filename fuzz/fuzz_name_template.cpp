// Four texts, separated by NUL: a template, two URLs, and a name from the list.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.hpp"
#include "cli/escape.hpp"
#include "get/name_template.hpp"
#include "get/safe_name.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

std::string fold(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

/// Neither is the other, nor a directory of the other, also where case does not count.
bool are_apart(const std::string& one, const std::string& other) {
  const std::string a = fold(one) + "/";
  const std::string b = fold(other) + "/";
  return !a.starts_with(b) && !b.starts_with(a);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> texts;
  for (std::string_view& text : texts) {
    text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
  }
  const auto names = NameTemplate::parse(texts[0]);
  if (!names) check(overlap::cli::escape_for_terminal(names.error()) == names.error());
  const auto first = parse_url(texts[1]);
  const auto second = parse_url(texts[2]);
  if (!first || !second) return 0;

  const NameTemplate pattern = names ? *names : NameTemplate();
  const std::string one = pattern.name({.url = *first, .index = 1, .name = texts[3], .sha256 = "00ff"});
  const std::string two = pattern.name({.url = *second, .index = 12, .sha256 = "00ff"});
  check(is_safe_path(one) && is_safe_path(two));
  if (pattern.gives_unique_names()) check(are_apart(one, two));
  return 0;
}
