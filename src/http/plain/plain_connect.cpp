// PlainDriver: from an origin to a connection.

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>

#include "http/address.hpp"
#include "http/plain/plain_driver.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kBuffer = 128 * 1024;  // one for all connections: what is read is dealt with at once
constexpr auto kNextAttemptAfter = std::chrono::milliseconds(250);  // RFC 8305, 5 and 8

bool environment_has(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// Whether libcurl would use a proxy that the environment names. (http_proxy has no upper-case form: CGI.)
bool has_proxy(const SessionOptions& options) {
  if (!options.proxy.empty()) return true;
  return environment_has("http_proxy") || environment_has("all_proxy") || environment_has("ALL_PROXY");
}

/// "host:port:address[,address]"; false if it is of a form that only libcurl knows.
bool read_resolve_entry(std::string_view entry, std::unordered_map<std::string, std::vector<std::string>>& addresses) {
  const std::size_t host_end = entry.find(':');
  if (entry.empty() || host_end == std::string_view::npos || entry.front() == '-' || entry.front() == '*' ||
      entry.front() == '+' || entry.front() == '[')
    return false;
  const std::size_t port_end = entry.find(':', host_end + 1);
  if (port_end == std::string_view::npos) return false;
  std::string host(entry.substr(0, host_end));
  std::ranges::transform(host, host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  host.append(entry.substr(host_end, port_end - host_end));
  auto& list = addresses[host];
  for (std::size_t at = port_end + 1; at <= entry.size();) {
    const std::size_t end = std::min(entry.find(',', at), entry.size());
    list.emplace_back(entry.substr(at, end - at));
    if (!SocketAddress::parse(list.back(), 1)) return false;
    at = end + 1;
  }
  return true;
}

}  // namespace

PlainDriver::PlainDriver(const SessionOptions& options) : options_(options), buffer_(kBuffer) {
  serves_at_all_ =
      !has_proxy(options) && options.netrc_file.empty() && options.http_version != SessionOptions::HttpVersion::http2;
  for (const std::string& entry : options.resolve) {
    if (!read_resolve_entry(entry, given_addresses_)) serves_at_all_ = false;
  }
}

bool PlainDriver::serves(const Request& request) const {
  if (!serves_at_all_) return false;
  const auto target = plain_target(request.url);
  return target && !addresses_of(*target).empty();
}

std::vector<SocketAddress> PlainDriver::addresses_of(const PlainTarget& target) const {
  std::vector<SocketAddress> addresses;
  const auto add = [&](std::string_view text) {
    const auto address = SocketAddress::parse(text, target.port);
    if (!address) return;
    const bool is_v6 = address->family() == AF_INET6;
    const auto wanted = options_.ip_version;
    if (wanted == SessionOptions::IpVersion::any || is_v6 == (wanted == SessionOptions::IpVersion::v6))
      addresses.push_back(*address);
  };
  if (!given_addresses_.empty()) {
    const auto given = given_addresses_.find(fmt::format("{}:{}", target.host, target.port));
    if (given != given_addresses_.end()) {
      for (const std::string& text : given->second) add(text);
      return addresses;
    }
  }
  if (target.host.back() >= '0' && target.host.back() <= '9') add(target.host);
  return addresses;
}

void PlainDriver::begin(Exchange& exchange) {
  exchange.addresses_ = addresses_of(exchange.target());
  std::ranges::reverse(exchange.addresses_);  // the next one is the last
  connect_next(exchange, Clock::now());
}

/// Another attempt, beside those under way.
void PlainDriver::connect_next(Exchange& exchange, TimePoint now) {
  while (!exchange.addresses_.empty()) {
    const SocketAddress address = exchange.addresses_.back();
    exchange.addresses_.pop_back();
    exchange.next_attempt_ = now + kNextAttemptAfter;
    const int socket = open(exchange, address);
    if (socket < 0) continue;
    link(socket).user = &exchange;
    exchange.attempts_.push_back(socket);
    if (::connect(socket, address.get(), address.size()) == 0) return on_connecting(exchange, socket);
    if (errno == EINPROGRESS) {
      sockets_.want(socket, SocketSet::Interest::write);
      check_by(exchange.next_check(now));
      return;
    }
    exchange.connect_error_ = errno;
    exchange.attempts_.pop_back();
    link(socket).user = nullptr;
    close_socket(socket);
  }
  if (exchange.attempts_.empty()) no_connection(exchange);
}

/// -1 when the address may not be asked, or no socket can be had.
int PlainDriver::open(Exchange& exchange, const SocketAddress& address) {
  if (options_.block_private && is_private(address.get())) {
    exchange.refused_address_ = true;
    return -1;
  }
  const auto make = [&] { return ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); };
  int socket = make();
  if (socket < 0 && (errno == EMFILE || errno == ENFILE) && idle_.size() > 0) {
    drop_idle(*idle_.surplus(0, TimePoint::max()));
    socket = make();
  }
  if (socket < 0) {
    exchange.connect_error_ = errno;
    return -1;
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockets_.keep(socket);
  ++connections_;
  return socket;
}

void PlainDriver::on_connecting(Exchange& exchange, int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  std::erase(exchange.attempts_, socket);
  if (error != 0) {
    exchange.connect_error_ = error;
    link(socket).user = nullptr;
    close_socket(socket);
    return connect_next(exchange, Clock::now());
  }
  close_attempts(exchange);
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  auto* const generic = reinterpret_cast<sockaddr*>(&peer);
  if (getpeername(socket, generic, &peer_size) == 0) link(socket).remote = SocketAddress(generic).text();
  connected(exchange, socket);
}

void PlainDriver::close_attempts(Exchange& exchange) noexcept {
  for (const int socket : exchange.attempts_) {
    links_[static_cast<std::size_t>(socket)].user = nullptr;
    close_socket(socket);
  }
  exchange.attempts_.clear();
}

void PlainDriver::no_connection(Exchange& exchange) {
  const auto failed = [&] {
    if (exchange.connect_error_ == 0 && exchange.refused_address_)
      return exchange.fail(ErrorClass::refused, "its address is private, which is not allowed", false);
    const std::string why = std::generic_category().message(exchange.connect_error_);
    return exchange.fail(ErrorClass::connect, fmt::format("no connection to {}: {}", exchange.target().authority, why),
                         true);
  };
  ended(exchange, failed());
}

}  // namespace overlap::http::detail
