#include "http/plain/target.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace overlap::http::detail {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kLongestHost = 253;  // of a name in the DNS

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_host_character(char c) noexcept { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.'; }

bool is_dotted_quad(std::string_view host) noexcept {
  std::array<char, 16> text{};
  if (host.size() >= text.size()) return false;
  std::ranges::copy(host, text.begin());
  in_addr address{};
  return inet_pton(AF_INET, text.data(), &address) == 1;
}

// A last label that begins with a digit is one of a number, in one of its many spellings, or of no name at all.
bool is_plain_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > kLongestHost || !std::ranges::all_of(host, is_host_character)) return false;
  if (host.front() == '.' || host.front() == '-' || host.back() == '.' || host.contains("..")) return false;
  const std::size_t last = host.rfind('.') + 1;  // 0 if there is no dot
  return !is_digit(host[last]) || is_dotted_quad(host);
}

bool is_plain_path(std::string_view path) noexcept {
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; };
  return std::ranges::all_of(path, is_plain) && !path.substr(0, path.find('?')).contains("/.");
}

}  // namespace

std::optional<PlainTarget> plain_target(std::string_view url) noexcept {
  if (!url.starts_with(kScheme)) return std::nullopt;
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  PlainTarget target;
  target.authority = rest.substr(0, slash);
  target.path = rest.substr(slash);
  const std::size_t colon = target.authority.find(':');
  target.host = target.authority.substr(0, colon);
  if (colon != std::string_view::npos) {
    const char* const begin = target.authority.data() + colon + 1;
    const char* const end = target.authority.data() + target.authority.size();
    const auto [stop, error] = std::from_chars(begin, end, target.port);
    if (error != std::errc() || stop != end || target.port == 0 || *begin == '0' || target.port == 80)
      return std::nullopt;
  }
  const bool has_plain_path = target.path.empty() || (target.path.front() == '/' && is_plain_path(target.path));
  if (!has_plain_path || !is_plain_host(target.host)) return std::nullopt;
  return target;
}

}  // namespace overlap::http::detail
