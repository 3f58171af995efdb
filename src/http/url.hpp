#pragma once
/// What the library needs to know of a URL before libcurl takes it apart.

#include <expected>
#include <string>
#include <string_view>

#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>

namespace overlap::http::detail {

/// Checks that the URL is of http or https and takes user and password out of it, into the request's own unless these
/// are set, so that from there on it may be shown. The rest of it libcurl checks when it connects.
std::expected<void, Failure> split_credentials(Request& request);

bool is_https(std::string_view url) noexcept;

/// Scheme, host and port of a URL without credentials, in one spelling: "http://example.com:80".
std::string origin_key(std::string_view url);

/// A URL that turned out to be malformed, for a message: without anything that could be a user and password.
std::string show_malformed(std::string_view url);

/// "URL: reason"
std::string message_about(std::string_view url, std::string_view reason);

}  // namespace overlap::http::detail
