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

std::string NamePlan::claim(const NameFacts& facts, std::string_view previous) {
  std::string path = template_.name(facts);
  if (template_.gives_unique_names()) return path;
  if (is_numbered_form(previous, path)) path = previous;
  return registry_.claim(path, identity(facts.url.request(), facts.sha256));
}

}  // namespace overlap::get
