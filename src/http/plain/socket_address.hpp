#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <string>

namespace overlap::http::detail {

/// An IPv4 or IPv6 address with a port.
class SocketAddress {
 public:
  /// A copy; `address` is IPv4 or IPv6.
  explicit SocketAddress(const sockaddr* address) noexcept;
  SocketAddress(const boost::asio::ip::address& address, std::uint16_t port) noexcept;

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept;
  int family() const noexcept { return storage_.ss_family; }
  /// "192.0.2.1:80", "[2001:db8::1]:443"
  std::string text() const;

 private:
  sockaddr_storage storage_{};
};

}  // namespace overlap::http::detail
