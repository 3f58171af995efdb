#include <overlap/http/redirect.hpp>

#include <algorithm>
#include <array>

#include "http/curl_handles.hpp"
#include "http/url.hpp"

namespace overlap::http {
namespace {

using detail::make_url;
using detail::UrlPtr;

// What a request may say to any server: which representation it wants, and nothing of who asks.
constexpr std::array<std::string_view, 12> kHarmless = {
    "Accept",   "Accept-Charset",    "Accept-Encoding", "Accept-Language",     "Cache-Control", "If-Match",
    "If-Range", "If-Modified-Since", "If-None-Match",   "If-Unmodified-Since", "Range",         "User-Agent"};
// What describes a body, and goes with it.
constexpr std::array<std::string_view, 5> kOfTheBody = {"Content-Type", "Content-Encoding", "Content-Language",
                                                        "Content-Length", "Transfer-Encoding"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) noexcept {
  return std::ranges::any_of(names, [name](std::string_view other) { return same_name(name, other); });
}

std::string text_of(CURLU* url, CURLUPart part, unsigned flags) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, flags) != CURLUE_OK) return {};
  const detail::TextPtr text(raw);
  return text.get();
}

bool same_origin(CURLU* url, CURLU* other) {
  for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    if (!same_name(text_of(url, part, CURLU_DEFAULT_PORT), text_of(other, part, CURLU_DEFAULT_PORT))) return false;
  }
  return true;
}

// 303 asks for a GET; so do 301 and 302 after a POST, as every browser takes them (RFC 9110, 15.4.2, note).
bool becomes_get(int status, const std::string& method) {
  if (status == 303) return method != "HEAD";
  return (status == 301 || status == 302) && method == "POST";
}

void drop_body(Request& request) {
  request.method = "GET";
  request.body.clear();
  for (const std::string_view name : kOfTheBody) request.headers.remove(name);
}

void drop_secrets(Request& request, bool keeps_body) {
  Headers kept;
  for (const Header& field : request.headers) {
    if (is_one_of(field.name, kHarmless) || (keeps_body && is_one_of(field.name, kOfTheBody)))
      kept.add(field.name, field.value);
  }
  request.headers = std::move(kept);
  request.user.clear();
  request.password.clear();
  request.session_credentials = false;
}

Failure failure_of(const Request& from, const Response& response, ErrorClass error_class, std::string_view why) {
  return {error_class, detail::message_about(from.url, why), false, response.status};
}

}  // namespace

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool same_origin(const std::string& url, const std::string& other) {
  const UrlPtr one = make_url();
  const UrlPtr two = make_url();
  return curl_url_set(one.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
         curl_url_set(two.get(), CURLUPART_URL, other.c_str(), 0) == CURLUE_OK && same_origin(one.get(), two.get());
}

std::expected<Request, Failure> redirected(Request request, const Response& response, RedirectRules rules) {
  if (auto split = detail::split_credentials(request); !split) return std::unexpected(std::move(split.error()));
  const auto fail = [&](ErrorClass error_class, std::string_view why) {
    return std::unexpected(failure_of(request, response, error_class, why));
  };
  const auto location = response.headers.get("Location");
  if (!location || location->empty()) return fail(ErrorClass::redirect, "it redirects without saying where to");

  const UrlPtr from = make_url();
  const UrlPtr to = make_url();
  curl_url_set(from.get(), CURLUPART_URL, request.url.c_str(), 0);
  curl_url_set(to.get(), CURLUPART_URL, request.url.c_str(), 0);
  // Spaces and bytes above 127, which servers do send here, are percent-encoded.
  constexpr unsigned kAsServersSendIt = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME;
  if (curl_url_set(to.get(), CURLUPART_URL, std::string(*location).c_str(), kAsServersSendIt) != CURLUE_OK)
    return fail(ErrorClass::redirect, "it redirects to something that is not a URL");
  const std::string scheme = text_of(to.get(), CURLUPART_SCHEME, 0);
  if (!same_name(scheme, "http") && !same_name(scheme, "https"))
    return fail(ErrorClass::refused, "it redirects to the scheme " + scheme + ", and only http and https are fetched");
  if (detail::is_https(request.url) && same_name(scheme, "http") && !rules.allow_insecure)
    return fail(ErrorClass::refused, "it redirects from https to http");

  if (becomes_get(response.status, request.method)) drop_body(request);
  if (!same_origin(from.get(), to.get())) drop_secrets(request, !request.body.empty());
  // Its own user and password, if it has any, take the place of the request's.
  Request target;
  target.url = text_of(to.get(), CURLUPART_URL, 0);
  if (auto split = detail::split_credentials(target); !split)
    return fail(ErrorClass::redirect, "it redirects to something that is not a URL");
  request.url = std::move(target.url);
  if (!target.user.empty() || !target.password.empty()) {
    request.user = std::move(target.user);
    request.password = std::move(target.password);
  }
  return request;
}

}  // namespace overlap::http
