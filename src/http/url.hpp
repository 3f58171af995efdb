#pragma once
/// What the library needs to know of a URL before libcurl takes it apart.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>

namespace overlap::http::detail {

/// Checks that the URL is of http or https and takes user and password out of it, into the request's own unless these
/// are set, so that from there on it may be shown. The rest of it libcurl checks when it connects.
std::expected<void, Failure> split_credentials(Request& request);

bool is_https(std::string_view url) noexcept;

/// Of ASCII letters, whatever the locale.
std::string lower_case(std::string_view text);

struct HostPort {
  std::string_view host;  ///< as the URL has it; IPv6 in its brackets
  std::uint16_t port = 0;
};
/// Of a URL without credentials. Nothing where only libcurl knows what is meant: an international name, percent
/// signs, or no host at all.
std::optional<HostPort> host_port(std::string_view url) noexcept;

/// Scheme, host and port of a URL without credentials, in one spelling: "http://example.com:80".
std::string origin_key(std::string_view url);

/// A URL that turned out to be malformed, for a message: without anything that could be a user and password.
std::string show_malformed(std::string_view url);

/// "URL: reason"
std::string message_about(std::string_view url, std::string_view reason);

}  // namespace overlap::http::detail
