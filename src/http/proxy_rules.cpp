#include "http/proxy_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "http/address_overrides.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

using Address = boost::asio::ip::address;

std::string first_of(const ProxyRules::Environment& environment, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

template <std::size_t N>
bool same_bits(const std::array<unsigned char, N>& a, const std::array<unsigned char, N>& b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  const unsigned left = bits % 8;
  return left == 0 || ((a[whole] ^ b[whole]) >> (8 - left)) == 0;
}

bool is_within(const Address& address, const Address& network, unsigned bits) {
  if (address.is_v4() && network.is_v4())
    return same_bits(address.to_v4().to_bytes(), network.to_v4().to_bytes(), bits);
  if (address.is_v6() && network.is_v6())
    return same_bits(address.to_v6().to_bytes(), network.to_v6().to_bytes(), bits);
  return false;
}

constexpr std::array<std::string_view, 7> kSchemes = {"http",    "https",  "socks",  "socks4",
                                                      "socks4a", "socks5", "socks5h"};

// None of them quotes what may be a password.
std::string fault_of(std::string_view scheme, std::string_view host, bool has_port, bool has_late_at) {
  if (std::ranges::find(kSchemes, scheme) == kSchemes.end())
    return fmt::format("'{}' is no scheme of a proxy: http, https, socks4, socks4a, socks5 and socks5h are", scheme);
  if (has_late_at) return "a '/', '?' or '#' in the user or password of a proxy is written as %2F, %3F or %23";
  if (host.empty()) return "the URL of a proxy without a host";
  if (!has_port) return "the URL of a proxy with a port that is none";
  return {};
}

// "example.com" is the name itself and all below it.
bool is_below(std::string_view host, std::string_view name) {
  if (!host.ends_with(name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

}  // namespace

// As libcurl reads it: a proxy without a scheme is one of HTTP; 1080 is the port of all but those of HTTPS.
ProxyRules::Proxy ProxyRules::read(std::string url) {
  Proxy proxy;
  std::string_view rest = url;
  std::string scheme = "http";
  if (const std::size_t colons = rest.find("://"); colons != std::string_view::npos) {
    scheme = lower_case(rest.substr(0, colons));
    rest.remove_prefix(colons + 3);
  }
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const bool has_late_at = rest.substr(end).contains('@');
  rest = rest.substr(0, end);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  proxy.port = scheme == "https" ? 443 : 1080;
  const std::size_t colon = rest.rfind(':');
  bool has_port = true;
  if (colon != std::string_view::npos && (!rest.contains(']') || colon > rest.rfind(']'))) {
    const char* const last = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + colon + 1, last, proxy.port);
    has_port = error == std::errc{} && stop == last && proxy.port != 0;
    rest = rest.substr(0, colon);
  }
  proxy.host = rest;
  proxy.takes_names = scheme != "socks4" && scheme != "socks5" && scheme != "socks";
  proxy.is_socks = scheme.starts_with("socks");
  proxy.fault = fault_of(scheme, rest, has_port, has_late_at);
  proxy.url = std::move(url);
  return proxy;
}

// Of one that cannot be asked, nobody knows which part is its host.
std::string ProxyRules::Proxy::name() const {
  return fault.empty() ? fmt::format("the proxy {}:{}", host, port) : "the proxy";
}

std::string ProxyRules::of_process(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

ProxyRules::ProxyRules(const SessionOptions& options, const Environment& environment) {
  if (options.no_proxy) return;
  if (!options.proxy.empty()) {
    http_ = https_ = read(options.proxy);
  } else {
    // Not HTTP_PROXY: a web server sets that for the programs it runs, from a header that anybody can send it.
    http_ = read(first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"}));
    https_ = read(first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  }
  if (!http_.url.empty() || !https_.url.empty()) read_exceptions(first_of(environment, {"no_proxy", "NO_PROXY"}));
}

void ProxyRules::read_exceptions(const std::string& list) {
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find_first_of(", \t", at), list.size());
    const std::string entry = lower_case(std::string_view(list).substr(at, end - at));
    at = end + 1;
    if (entry.empty()) continue;
    if (entry == "*") all_excepted_ = true;
    const std::size_t slash = std::min(entry.find('/'), entry.size());
    Exception exception;
    if (const auto network = literal_address(entry.substr(0, slash))) {
      const unsigned most = network->is_v4() ? 32 : 128;
      exception.network = *network;
      exception.bits = most;
      if (slash < entry.size()) std::from_chars(&entry[slash] + 1, entry.data() + entry.size(), exception.bits);
      if (exception.bits > most) continue;
    } else {
      exception.name = entry.substr(entry.starts_with('.') ? 1 : 0);
      if (exception.name.empty()) continue;
    }
    exceptions_.push_back(std::move(exception));
  }
}

bool ProxyRules::is_excepted(std::string_view host) const {
  if (all_excepted_) return true;
  if (exceptions_.empty()) return false;
  std::string lower = lower_case(host);
  if (lower.ends_with('.')) lower.pop_back();
  const std::optional<Address> address = literal_address(lower);
  return std::ranges::any_of(exceptions_, [&](const Exception& exception) {
    if (exception.name.empty()) return address && is_within(*address, exception.network, exception.bits);
    return is_below(lower, exception.name);
  });
}

const ProxyRules::Proxy* ProxyRules::proxy_for(std::string_view url) const {
  const Proxy& proxy = is_https(url) ? https_ : http_;
  if (proxy.url.empty()) return nullptr;
  const auto host = host_port(url);
  return host && is_excepted(host->host) ? nullptr : &proxy;
}

}  // namespace overlap::http::detail
