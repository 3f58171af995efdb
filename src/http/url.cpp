#include "http/url.hpp"

#include <algorithm>
#include <charconv>

#include <overlap/http/headers.hpp>

#include "http/curl_handles.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool has_scheme(std::string_view url, std::string_view scheme) noexcept {
  return url.size() > scheme.size() && same_name(url.substr(0, scheme.size()), scheme);
}

// Ends where libcurl sees its end: a backslash is part of it, and no host's.
std::string_view authority_of(std::string_view url) noexcept {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, std::min(url.find_first_of("/?#", begin), url.size()) - begin);
}

Failure malformed(std::string_view url, std::string_view why) {
  return {ErrorClass::bad_input, message_about(show_malformed(url), why)};
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, CURLU_URLDECODE) != CURLUE_OK) return {};
  const TextPtr text(raw);
  return text.get();
}

// The scheme of something that is neither http nor https, if it has one.
std::string_view other_scheme(std::string_view url) noexcept {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view scheme = url.substr(0, colon);
  const bool valid = std::ranges::all_of(scheme, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.';
  });
  // "example.com:8080/x" has none: what follows its colon is a port.
  const bool port = colon + 1 < url.size() && url[colon + 1] >= '0' && url[colon + 1] <= '9';
  return valid && !port && scheme.find('.') == std::string_view::npos ? scheme : std::string_view{};
}

}  // namespace

bool is_https(std::string_view url) noexcept { return has_scheme(url, kHttps); }

std::expected<void, Failure> split_credentials(Request& request) {
  const std::string_view url = request.url;
  if (!has_scheme(url, kHttp) && !has_scheme(url, kHttps)) {
    const std::string_view scheme = other_scheme(url);
    if (scheme.empty() || same_name(scheme, "http") || same_name(scheme, "https"))
      return std::unexpected(malformed(url, "not a URL of http or https"));
    return std::unexpected(
        Failure{ErrorClass::refused, message_about(show_malformed(url), "only http and https are fetched")});
  }
  const std::string_view authority = authority_of(url);
  if (authority.empty()) return std::unexpected(malformed(url, "a URL without a host"));
  if (authority.find('\\') != std::string_view::npos) return std::unexpected(malformed(url, "a backslash in the host"));
  if (authority.find('@') == std::string_view::npos) return {};

  const UrlPtr parsed = make_url();
  if (const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, request.url.c_str(), 0); code != CURLUE_OK) {
    return std::unexpected(malformed(url, curl_url_strerror(code)));
  }
  if (request.user.empty() && request.password.empty()) {
    request.user = part_of(parsed.get(), CURLUPART_USER);
    request.password = part_of(parsed.get(), CURLUPART_PASSWORD);
  }
  request.url.erase(url.find("://") + 3, authority.rfind('@') + 1);
  return {};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::optional<HostPort> host_port(std::string_view url) noexcept {
  std::uint16_t port = is_https(url) ? 443 : 80;
  std::string_view host = authority_of(url);
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');  // of an IPv6 address, which has colons of its own
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const char* const end = host.data() + host.size();
    if (colon + 1 < host.size()) {
      const auto [stop, error] = std::from_chars(host.data() + colon + 1, end, port);
      if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
    }
    host = host.substr(0, colon);
  }
  const bool plain = std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._[]:").contains(c);
  });
  if (!plain || host.empty()) return std::nullopt;
  return HostPort{host, port};
}

std::string origin_key(std::string_view url) {
  std::string key = lower_case(url.substr(0, url.find("://") + 3));
  key += lower_case(authority_of(url));
  const std::string_view authority = authority_of(key);
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');  // of an IPv6 address, which has colons of its own
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) key += is_https(url) ? ":443" : ":80";
  return key;
}

std::string show_malformed(std::string_view url) {
  const std::size_t at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const std::size_t begin = std::min(url.find_first_not_of("/\\", url.find(':') + 1), at + 1);
  // What comes before the first colon may be a user, unless it clearly is a scheme.
  const bool scheme = has_scheme(url, "http:/") || has_scheme(url, "https:/") || url.find("://") < at;
  return std::string(url.substr(0, scheme ? begin : 0)).append(url.substr(at + 1));
}

std::string message_about(std::string_view url, std::string_view reason) {
  std::string message;
  message.reserve(url.size() + reason.size() + 2);
  return message.append(url).append(": ").append(reason);
}

}  // namespace overlap::http::detail
