#include "get/name_plan.hpp"

#include <algorithm>
#include <charconv>

#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

/// Whether `path` is `name` with a number, as with_suffix() makes it.
bool is_numbered_form(std::string_view path, std::string_view name) {
  const auto differ = std::ranges::mismatch(path, name);
  if (differ.in1 == path.end() || *differ.in1 != '-') return false;
  std::uint64_t number = 0;
  const char* const begin = path.data() + (differ.in1 - path.begin()) + 1;
  const bool is_number = std::from_chars(begin, path.data() + path.size(), number).ec == std::errc{};
  return is_number && with_suffix(name, number) == path;
}

}  // namespace

std::string NamePlan::path_for(const Item& item, const Url& url, std::string_view previous) {
  NameFacts facts{url, item.ordinal};
  if (item.name) facts.name = *item.name;
  return claim(facts, identity_of(item, url), previous);
}

std::string NamePlan::claim(const NameFacts& facts, std::string_view identity, std::string_view previous) {
  std::string path = template_.name(facts);
  if (gives_unique_names()) return path;
  const bool is_form = previous == path || is_numbered_form(previous, path);
  if (is_form && shares_directory_) return std::string(previous);  // which is reserved
  if (is_form) path = previous;
  return registry_.claim(path, template_.needs_body_digest() ? facts.sha256.value_or("") : identity);
}

std::string identity_of(const Item& item, const Url& url) {
  std::string identity = url.request();
  if (url.credentials()) identity += "\n" + url.credentials()->user + ":" + url.credentials()->password;
  for (const auto& [name, value] : item.headers) identity += "\n" + name + ": " + value;
  return identity;
}

}  // namespace overlap::get
