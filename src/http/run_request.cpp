#include "http/run_request.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include <overlap/http/redirect.hpp>

#include "http/engine.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

using Result = std::expected<Response, Failure>;

// RFC 9110, 5.6.2
bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.contains(c);
  });
}

bool breaks_line(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::expected<void, Failure> check(Request& request) {
  if (auto split = split_credentials(request); !split) return split;
  const auto refuse = [&request](std::string_view why) {
    return std::unexpected(Failure{ErrorClass::bad_input, message_about(request.url, why)});
  };
  if (request.url.find('\0') != std::string::npos) return refuse("a NUL in the URL");
  if (!is_token(request.method)) return refuse("the method is not a word");
  for (const Header& field : request.headers) {
    if (!is_token(field.name)) return refuse("the name of a header is not a word");
    if (breaks_line(field.value)) return refuse("a header has a line end in it");
  }
  return {};
}

Failure too_many_redirects(const Request& request, const Response& response) {
  const std::string why = fmt::format("more than {} redirects", request.limits.max_redirects);
  return {ErrorClass::redirect, message_about(request.url, why), false, response.status};
}

Failure out_of_time(const Request& request) {
  return {ErrorClass::timeout, message_about(request.url, "the time for it ran out while redirects were followed"),
          true};
}

}  // namespace

Task<Result> run_request(std::shared_ptr<Engine> engine, Request request) {
  if (Loop::current() != &engine->loop()) throw std::logic_error("a Session was used outside of its loop");
  if (auto checked = check(request); !checked) co_return std::unexpected(std::move(checked.error()));

  const bool follows = request.limits.max_redirects > 0;
  const bool bounded = request.limits.max_time > Duration::zero();
  Duration time_left = std::max(request.limits.max_time, Duration::zero());
  for (int hops = 0;; ++hops) {
    const Engine::Lease lease(*engine, request);
    lease->prepare(
        request,
        {.time_left = time_left, .follows_redirects = follows, .many_in_flight = engine->has_many_in_flight()});
    co_await engine->perform(*lease);
    Result result = lease->finish();
    if (!result || !follows || !is_redirect(result->status)) co_return result;

    if (hops == request.limits.max_redirects) co_return std::unexpected(too_many_redirects(request, *result));
    time_left -= result->timings.total;
    if (bounded && time_left <= Duration::zero()) co_return std::unexpected(out_of_time(request));
    const RedirectRules rules{.allow_insecure = engine->options().allow_insecure_redirects};
    auto next = redirected(std::move(request), *result, rules);
    if (!next) co_return std::unexpected(std::move(next.error()));
    request = std::move(*next);
  }
}

Response value_or_throw(Result result) {
  if (!result) throw HttpError(result.error());
  return std::move(*result);
}

}  // namespace overlap::http::detail
