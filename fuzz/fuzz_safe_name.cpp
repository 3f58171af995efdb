// Any text as a name, and any lines as the names of a run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "check.hpp"
#include "get/name_registry.hpp"
#include "get/safe_name.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

void check_name(std::string_view raw) {
  const std::string path = make_safe_path(raw);
  if (!path.empty()) {
    check(is_safe_path(path));
    check(make_safe_path(path) == path);
    check(is_safe_path(with_suffix(path, 2)));
    check(is_safe_path(with_suffix(path, UINT64_MAX)));
    check(with_suffix(path, 2) != path && with_suffix(path, 2) != with_suffix(path, 3));
  }
  if (is_safe_path(raw)) check(("/" + std::string(raw) + "/").find("/../") == std::string::npos && raw.front() != '/');
  check(!make_safe_path(decode_for_name(raw)).contains('/'));
  check(make_safe_path(encode_for_name(raw)).find('/') == std::string::npos);
}

std::string fold(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

/// Each line is a path that the item named by its first byte asks for.
void check_registry(std::string_view lines) {
  constexpr std::string_view kDirectory = "/";
  NameRegistry names;
  NameRegistry again;
  std::map<std::string, std::string> owners;  // folded path -> the item; kDirectory for directories
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const std::string path = line.empty() ? std::string() : make_safe_path(line.substr(1));
    if (path.empty()) continue;

    const std::string identity(line.substr(0, 1));
    const std::string name = names.claim(path, identity);
    check(again.claim(path, identity) == name);
    check(names.claim(path, identity) == name);
    check(is_safe_path(name));
    const std::string folded = fold(name);
    check(owners.emplace(folded, identity).first->second == identity);
    for (std::size_t slash = folded.find('/'); slash != std::string::npos; slash = folded.find('/', slash + 1)) {
      check(owners.emplace(folded.substr(0, slash), kDirectory).first->second == kDirectory);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_name(text);
  check_registry(text);
  return 0;
}
