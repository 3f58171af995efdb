// Any text as a Content-Disposition header, and any name sent as one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.hpp"
#include "cli/escape.hpp"
#include "get/content_disposition.hpp"
#include "get/safe_name.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return encoded;
}

void check_name(const std::string& name) {
  check(!name.empty() && name.find_first_of("/\\") == std::string::npos);
  const std::string path = make_safe_path(name);
  check(is_safe_path(path) && !path.contains('/'));
}

/// A name that has nothing to cut off comes as it was sent.
void check_round_trip(std::string_view name) {
  const bool is_cut = name.empty() || name.find_first_of("/\\") != std::string_view::npos ||
                      std::string_view(" \t").contains(name.front()) || std::string_view(" \t").contains(name.back());
  const bool is_dots = std::ranges::all_of(name, [](char c) { return c == '.'; });
  if (is_cut || is_dots || overlap::cli::utf8_prefix(name) != name.size()) return;
  check(name_in_content_disposition("attachment; filename=\"x\"; filename*=UTF-8''" + percent_encode(name)) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto name = name_in_content_disposition(text)) check_name(*name);
  if (const auto name = name_in_content_disposition("attachment; " + std::string(text))) check_name(*name);
  check_round_trip(text);
  return 0;
}
