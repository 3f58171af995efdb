#include "serve/target.hpp"

#include <charconv>

#include "cli/units.hpp"

namespace overlap::serve {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// Lenient: a '%' without two hex digits stands for itself.
std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

/// What follows `prefix`, if `path` begins with it.
std::optional<std::string_view> after(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

Route bytes_route(std::string_view text) {
  const auto size = cli::parse_size(text);  // so that /bytes/10M is a path too
  if (!size) return {.kind = RouteKind::unknown};
  return {.kind = RouteKind::bytes, .number = *size, .text = {}};
}

Route image_route(std::string_view text) {
  if (!text.ends_with(".jpg") || text.size() == 4 || text.contains('/')) return {.kind = RouteKind::unknown};
  return {.kind = RouteKind::image, .number = 0, .text = text.substr(0, text.size() - 4)};
}

Route json_route(std::string_view text) {
  if (text.empty() || text.contains('/')) return {.kind = RouteKind::unknown};
  return {.kind = RouteKind::json, .number = 0, .text = text};
}

Route status_route(std::string_view text) {
  const auto code = parse_number(text);
  if (!code || *code < 200 || *code > 599) return {.kind = RouteKind::unknown};
  return {.kind = RouteKind::status, .number = *code, .text = {}};
}

Route redirect_route(std::string_view text) {
  const auto hops = parse_number(text);
  if (!hops) return {.kind = RouteKind::unknown};
  if (*hops == 0) return {.kind = RouteKind::page};
  return {.kind = RouteKind::redirect, .number = *hops, .text = {}};
}

}  // namespace

std::optional<std::string> Target::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

Target split_target(std::string_view text) {
  if (!text.starts_with('/')) {
    const auto scheme = text.find("://");
    const auto slash = scheme == std::string_view::npos ? scheme : text.find_first_of("/?", scheme + 3);
    text = slash == std::string_view::npos ? std::string_view("/") : text.substr(slash);
  }
  const auto mark = text.find('?');
  if (mark == std::string_view::npos) return {.whole = text, .path = text, .query = {}};
  return {.whole = text, .path = text.substr(0, mark), .query = text.substr(mark + 1)};
}

Route route_of(const Target& target) {
  const std::string_view path = target.path;
  if (const auto rest = after(path, "/bytes/")) return bytes_route(*rest);
  if (const auto rest = after(path, "/json/")) return json_route(*rest);
  if (const auto rest = after(path, "/image/")) return image_route(*rest);
  if (const auto rest = after(path, "/status/")) return status_route(*rest);
  if (const auto rest = after(path, "/redirect/")) return redirect_route(*rest);
  if (const auto rest = after(path, "/fault/")) return {.kind = RouteKind::fault, .number = 0, .text = *rest};
  if (path == "/echo") return {.kind = RouteKind::echo};
  return {.kind = RouteKind::page};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_path(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace overlap::serve
