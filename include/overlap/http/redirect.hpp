#pragma once

#include <expected>
#include <string>
#include <string_view>

#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>

namespace overlap::http {

/// A status by which a server says that what was asked for is elsewhere: 301, 302, 303, 307, 308.
bool is_redirect(int status) noexcept;

/// Same scheme, host and port. False if either is not a URL.
bool same_origin(const std::string& url, const std::string& other);

struct RedirectRules {
  bool allow_insecure = false;  ///< from https to http
};

/// The request that a redirect asks for in place of `request`: Location resolved against its URL (RFC 3986), the method
/// and body as RFC 9110 and the browsers have it, and nothing secret sent on to another origin: there only such headers
/// go along as describe the representation wanted (Accept and its kin, Range, the If- conditions). `response` must
/// answer `request`.
/// Fails with class redirect without a usable Location, and class refused where policy forbids to follow it.
std::expected<Request, Failure> redirected(Request request, const Response& response, RedirectRules rules = {});

}  // namespace overlap::http
