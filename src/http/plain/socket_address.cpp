#include "http/plain/socket_address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace overlap::http::detail {

SocketAddress::SocketAddress(const sockaddr* address) noexcept {
  const bool v6 = address->sa_family == AF_INET6;
  std::memcpy(&storage_, address, v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
}

SocketAddress::SocketAddress(const boost::asio::ip::address& address, std::uint16_t port) noexcept {
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage_);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
    return;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage_);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_scope_id = static_cast<std::uint32_t>(address.to_v6().scope_id());
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
}

socklen_t SocketAddress::size() const noexcept {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string SocketAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> digits{};
  if (family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_);
    inet_ntop(AF_INET6, &v6.sin6_addr, digits.data(), digits.size());
    return fmt::format("[{}]:{}", digits.data(), ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
  inet_ntop(AF_INET, &v4.sin_addr, digits.data(), digits.size());
  return fmt::format("{}:{}", digits.data(), ntohs(v4.sin_port));
}

}  // namespace overlap::http::detail
