#include "get/safe_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/escape.hpp"
#include "get/percent_encoding.hpp"
#include "get/stable_hash.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMaxExtensionBytes = 16;
constexpr std::size_t kMadePathBytes = kMaxPathBytes / 2;  // which leaves every component room for a suffix

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// How many bytes the character at the front takes if it may stand within a name; 0 if it must be encoded.
std::size_t plain_character(std::string_view text) {
  if (text.front() >= 0x20 && text.front() < 0x7F) return text.front() == '\\' ? 0 : 1;  // most there is, and quick
  const auto character = cli::first_utf8_character(text);
  if (!character || cli::is_unshowable(character->value)) return 0;
  return character->bytes;
}

/// Encodes what no name may have, and the bytes of `also`.
std::string encode(std::string_view text, std::string_view also) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t used = also.contains(text.front()) ? 0 : plain_character(text);
    if (used != 0) {
      out += text.substr(0, used);
    } else {
      const auto character = cli::first_utf8_character(text);
      used = character ? character->bytes : 1;
      append_percent_encoded(out, text.substr(0, used));
    }
    text.remove_prefix(used);
  }
  return out;
}

/// `text` cut to at most `max` bytes, between two characters and not within an escape.
std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  for (std::size_t back = 1; back <= 2 && back <= max; ++back) {
    if (text[max - back] == '%') return text.substr(0, max - back);
  }
  return text.substr(0, max);
}

std::string hash_text(std::string_view text) { return fmt::format("{:016x}", stable_hash(text)); }

/// As much of `stem` as leaves room for a hash of it and `tail`, and these two.
std::string shorten_component(std::string_view stem, std::string_view tail) {
  const std::string hash = hash_text(stem);
  return fmt::format("{}-{}{}", cut(stem, kMaxNameBytes - tail.size() - hash.size() - 1), hash, tail);
}

std::string dotted_extension(std::string_view name) {
  const std::string_view extension = extension_of(name);
  return extension.empty() ? std::string() : fmt::format(".{}", extension);
}

std::string make_safe_component(std::string_view raw) {
  std::string name = encode(raw, "/");
  if (name.starts_with('.') || name.starts_with('-')) {
    std::string first;
    append_percent_encoded(first, name.substr(0, 1));
    name.replace(0, 1, first);
  }
  if (name.size() <= kMaxNameBytes) return name;
  return shorten_component(name, dotted_extension(name));
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> components;
  while (true) {
    const std::size_t slash = path.find('/');
    components.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return components;
    path.remove_prefix(slash + 1);
  }
}

/// As many leading components as fit, a hash of all, and the last one.
std::string shorten_path(std::string_view path) {
  const std::string hash = hash_text(path);
  const std::string_view last = path.substr(path.rfind('/') + 1);
  const std::size_t room = kMadePathBytes - (hash.size() + 2 + last.size());
  std::size_t kept = 0;
  for (std::size_t depth = 0; depth < kMaxPathDepth - 2; ++depth) {
    const std::size_t slash = path.find('/', kept == 0 ? 0 : kept + 1);
    if (slash == std::string_view::npos || slash > room) break;
    kept = slash;
  }
  return fmt::format("{}{}{}/{}", path.substr(0, kept), kept == 0 ? "" : "/", hash, last);
}

std::string bound_path(std::string path) {
  const auto slashes = static_cast<std::size_t>(std::ranges::count(path, '/'));
  if (path.size() <= kMadePathBytes && slashes < kMaxPathDepth) return path;
  return shorten_path(path);
}

bool is_safe_component(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '.' || name.front() == '-') return false;
  while (!name.empty()) {
    const std::size_t plain = plain_character(name);
    if (plain == 0) return false;
    name.remove_prefix(plain);
  }
  return true;
}

}  // namespace

std::string make_safe_path(std::string_view raw) {
  std::string path;
  for (const std::string_view component : split_path(raw)) {
    if (component.empty() || component == ".") continue;
    if (!path.empty()) path += '/';
    path += make_safe_component(component);
  }
  return bound_path(std::move(path));
}

bool is_safe_path(std::string_view path) {
  if (path.size() > kMaxPathBytes) return false;
  const auto components = split_path(path);
  return components.size() <= kMaxPathDepth && std::ranges::all_of(components, is_safe_component);
}

std::string decode_for_name(std::string_view percent_encoded) { return encode(percent_decode(percent_encoded), "/?%"); }

std::string encode_for_name(std::string_view raw) { return encode(raw, "/"); }

std::string_view extension_of(std::string_view name) {
  name = name.substr(0, name.find('?'));
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const std::string_view extension = name.substr(dot + 1);
  const bool is_one = extension.size() <= kMaxExtensionBytes && std::ranges::all_of(extension, is_alphanumeric);
  return is_one ? extension : std::string_view();
}

std::string with_suffix(std::string_view path, std::uint64_t number) {
  const std::size_t name_at = path.rfind('/') + 1;  // 0 if there is no '/'
  const std::string_view name = path.substr(name_at);
  const std::size_t before_query = std::min(name.find('?', 1), name.size());  // a first '?' begins no query
  const std::string extension = dotted_extension(name);
  const std::string_view stem = name.substr(0, before_query - extension.size());
  const std::string_view query = name.substr(before_query);

  std::string suffixed = fmt::format("{}-{}{}{}", stem, number, extension, query);
  if (suffixed.size() > kMaxNameBytes) {
    suffixed = shorten_component(fmt::format("{}{}", stem, query), fmt::format("-{}{}", number, extension));
  }
  return fmt::format("{}{}", path.substr(0, name_at), suffixed);
}

}  // namespace overlap::get
