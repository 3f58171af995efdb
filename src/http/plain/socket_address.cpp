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

std::optional<SocketAddress> SocketAddress::parse(std::string_view address, std::uint16_t port) {
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const std::string text(address);
  SocketAddress parsed;
  auto& v4 = reinterpret_cast<sockaddr_in&>(parsed.storage_);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return parsed;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(parsed.storage_);
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return parsed;
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
