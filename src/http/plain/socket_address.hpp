#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace overlap::http::detail {

/// An IPv4 or IPv6 address with a port.
class SocketAddress {
 public:
  /// A copy; `address` is IPv4 or IPv6.
  explicit SocketAddress(const sockaddr* address) noexcept;
  /// Nothing if the text is no address ("192.0.2.1", "2001:db8::1", "[2001:db8::1]").
  static std::optional<SocketAddress> parse(std::string_view address, std::uint16_t port);

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept;
  int family() const noexcept { return storage_.ss_family; }
  /// "192.0.2.1:80", "[2001:db8::1]:443"
  std::string text() const;

 private:
  SocketAddress() = default;

  sockaddr_storage storage_{};
};

}  // namespace overlap::http::detail
