// PlainDriver: from an origin to a connection.

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "http/address.hpp"
#include "http/failures.hpp"
#include "http/plain/plain_driver.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kBuffer = 128 * 1024;  // one for all connections: what is read is dealt with at once
constexpr auto kNextAttemptAfter = std::chrono::milliseconds(250);  // RFC 8305, 5 and 8

}  // namespace

PlainDriver::PlainDriver(const SessionOptions& options) : options_(options), buffer_(kBuffer) {}

bool PlainDriver::serves(const Request& request) const {
  return options_.netrc_file.empty() && !options_.cookies &&
         options_.http_version != SessionOptions::HttpVersion::http2 && plain_target(request.url).has_value();
}

/// The next one last, both families in turn (RFC 8305, 4).
std::vector<SocketAddress> PlainDriver::addresses_of(const Exchange& exchange) const {
  const std::uint16_t port = exchange.target().port;
  const AddressesPtr& known = exchange.hop().host_addresses;
  std::vector<SocketAddress> addresses;
  if (!known) {
    addresses.emplace_back(boost::asio::ip::make_address_v4(exchange.target().host), port);
    return addresses;
  }
  std::array<std::vector<SocketAddress>, 2> families;
  const bool first_is_v6 = known->front().is_v6();
  for (const auto& address : *known) families[address.is_v6() == first_is_v6 ? 0 : 1].emplace_back(address, port);
  for (std::size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i) {
    for (const auto& family : families) {
      if (i < family.size()) addresses.push_back(family[i]);
    }
  }
  std::ranges::reverse(addresses);
  return addresses;
}

void PlainDriver::begin(Exchange& exchange) {
  exchange.addresses_ = addresses_of(exchange);
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
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  auto* const generic = reinterpret_cast<sockaddr*>(&peer);
  const bool has_peer = getpeername(socket, generic, &peer_size) == 0;
  // Nothing has become of it yet: the event was of an older socket that had this number.
  if (error == 0 && !has_peer && errno == ENOTCONN) return sockets_.want(socket, SocketSet::Interest::write);
  std::erase(exchange.attempts_, socket);
  if (error != 0) {
    exchange.connect_error_ = error;
    link(socket).user = nullptr;
    close_socket(socket);
    return connect_next(exchange, Clock::now());
  }
  close_attempts(exchange);
  if (has_peer) link(socket).remote = SocketAddress(generic).text();
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
  const Exchange::Progress progress = failed();
  exchange.ending_.error().out_of_resources = is_exhaustion(exchange.connect_error_);
  ended(exchange, progress);
}

}  // namespace overlap::http::detail
