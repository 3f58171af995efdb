#include <overlap/http/headers.hpp>

#include <algorithm>

namespace overlap::http {
namespace {

// ASCII alone, whatever the locale: names of fields are tokens (RFC 9110, 5.6.2).
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Header& field) { return same_name(field.name, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  for (const Header& field : fields_) {
    if (same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [name](const Header& field) { return same_name(field.name, name); }));
}

}  // namespace overlap::http
