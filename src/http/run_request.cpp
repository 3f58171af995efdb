#include "http/run_request.hpp"

#include <algorithm>
#include <array>
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

bool is_control(char c) noexcept { return (c >= '\0' && c < ' ') || c == '\x7f'; }

bool breaks_line(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::expected<void, Failure> check(Request& request) {
  if (auto split = split_credentials(request); !split) return split;
  const auto refuse = [&request](std::string_view why) {
    return std::unexpected(Failure{ErrorClass::bad_input, message_about(request.url, why)});
  };
  if (std::ranges::any_of(request.url, is_control)) {
    std::erase_if(request.url, is_control);
    return refuse("a control character in the URL");
  }
  if (!is_token(request.method)) return refuse("the method is not a word");
  for (const Header& field : request.headers) {
    if (!is_token(field.name)) return refuse("the name of a header is not a word");
    if (breaks_line(field.value)) return refuse("a header has a line end in it");
    // With another length than the body has, the server would take the next request for a part of this one.
    if (same_name(field.name, "Content-Length") || same_name(field.name, "Transfer-Encoding"))
      return refuse("the length of the body is the session's to say, not that of a header");
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

Failure about(const Request& request, Failure failure) {
  failure.message = message_about(request.url, failure.message);
  return failure;
}

/// Of the lookup of a proxy: no connection, which says nothing of the request and may be better with another proxy.
Failure of_proxy(const ProxyRules::Proxy& proxy, Failure failure) {
  if (failure.error_class == ErrorClass::dns) failure.error_class = ErrorClass::connect;
  failure.message = fmt::format("{}: {}", proxy.name(), failure.message);
  failure.may_retry = true;
  return failure;
}

Failure unusable(const ProxyRules::Proxy& proxy) { return of_proxy(proxy, {ErrorClass::connect, proxy.fault}); }

/// The hosts that a request needs addresses of, one after the other: its proxy, and its own unless the proxy asks.
struct Route {
  const ProxyRules::Proxy* proxy = nullptr;
  std::array<HostPort, 2> hosts;
  std::size_t count = 0;
  std::size_t next = 0;
  bool looks_up_proxy = false;  // the first of the hosts is the proxy's
  HostPort host() const noexcept { return hosts[next]; }
  bool is_at_proxy() const noexcept { return looks_up_proxy && next == 0; }
};

Route route_of(Engine& engine, const Request& request) {
  Route route;
  const auto add = [&](std::optional<HostPort> host) {
    if (host && engine.resolver().is_needed_for(host->host)) route.hosts[route.count++] = *host;
  };
  const ProxyRules::Proxy* const proxy = engine.proxies().proxy_for(request.url);
  if (proxy != nullptr) {
    route.proxy = proxy;
    add(HostPort{proxy->host, proxy->port});
    route.looks_up_proxy = route.count > 0;
  }
  if (proxy == nullptr || !proxy->takes_names) add(host_port(request.url));
  return route;
}

Failure no_address(const Route& route, Failure failure) {
  return route.is_at_proxy() ? of_proxy(*route.proxy, std::move(failure)) : failure;
}

/// Takes from the time of the hop what it needs.
Task<Resolver::Result> look_up(Engine& engine, HostPort host, Limits limits, Hop& hop) {
  const TimePoint begin = Clock::now();
  Duration most = Duration::max();
  if (limits.connect_timeout > Duration::zero()) most = limits.connect_timeout - hop.lookup;
  if (hop.time_left > Duration::zero()) most = std::min(most, hop.time_left);
  std::string name(host.host);
  auto addresses = co_await engine.resolver().resolve(std::move(name), host.port, deadline_after(most));
  const Duration taken = Clock::now() - begin;
  hop.lookup += taken;
  // Zero would mean that there is no limit.
  if (hop.time_left > Duration::zero()) hop.time_left = std::max<Duration>(hop.time_left - taken, Duration(1));
  co_return addresses;
}

void give(Engine& engine, Engine::Flight& flight, Route& route, AddressesPtr addresses, Hop& hop) {
  const HostPort host = route.host();
  if (flight.exchange) {
    hop.host_addresses = std::move(addresses);
    ++route.next;
    return;
  }
  flight.addresses[route.next++].begin(engine.curl_addresses(), host.host, host.port, std::move(addresses),
                                       hop.addresses);
}

}  // namespace

Task<Result> run_request(std::shared_ptr<Engine> engine, Request request) {
  if (Loop::current() != &engine->loop()) throw std::logic_error("a Session was used outside of its loop");
  if (auto checked = check(request); !checked) co_return std::unexpected(std::move(checked.error()));

  const bool follows = request.limits.max_redirects > 0;
  const bool bounded = request.limits.max_time > Duration::zero();
  Duration time_left = std::max(request.limits.max_time, Duration::zero());
  for (int hops = 0;; ++hops) {
    Route route = route_of(*engine, request);
    if (route.proxy != nullptr && !route.proxy->fault.empty())
      co_return std::unexpected(about(request, unusable(*route.proxy)));
    const Engine::Lease lease(*engine, route.proxy == nullptr && engine->plain().serves(request));
    Hop hop{.time_left = time_left, .follows_redirects = follows, .many_in_flight = engine->has_many_in_flight()};
    while (route.next < route.count) {
      // Mostly known, without the cost of one more coroutine.
      auto addresses = engine->resolver().known(route.host().host, route.host().port);
      if (!addresses) addresses = co_await look_up(*engine, route.host(), request.limits, hop);
      if (!*addresses) co_return std::unexpected(about(request, no_address(route, std::move(addresses->error()))));
      give(*engine, *lease, route, **addresses, hop);
    }
    hop.proxy = route.proxy;
    lease->prepare(request, std::move(hop));
    co_await engine->perform(*lease);
    for (CurlAddresses::Use& use : lease->addresses) use.end(lease->code == CURLE_OK);
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
