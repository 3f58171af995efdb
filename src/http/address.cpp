#include "http/address.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace overlap::http::detail {
namespace {

struct Range4 {
  std::uint32_t network;
  unsigned bits;
};

constexpr std::uint32_t ip(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

constexpr std::array<Range4, 15> kPrivate4 = {{
    {ip(0, 0, 0, 0), 8},        // this network
    {ip(10, 0, 0, 0), 8},       // private
    {ip(100, 64, 0, 0), 10},    // carriers' address translation
    {ip(127, 0, 0, 0), 8},      // loopback
    {ip(169, 254, 0, 0), 16},   // link-local, and where clouds answer with a machine's secrets
    {ip(172, 16, 0, 0), 12},    // private
    {ip(192, 0, 0, 0), 24},     // protocol assignments
    {ip(192, 0, 2, 0), 24},     // documentation
    {ip(192, 88, 99, 0), 24},   // 6to4 relays, retired
    {ip(192, 168, 0, 0), 16},   // private
    {ip(198, 18, 0, 0), 15},    // benchmarks
    {ip(198, 51, 100, 0), 24},  // documentation
    {ip(203, 0, 113, 0), 24},   // documentation
    {ip(224, 0, 0, 0), 4},      // multicast
    {ip(240, 0, 0, 0), 4},      // reserved, broadcast
}};

bool is_private4(std::uint32_t address) noexcept {
  return std::ranges::any_of(
      kPrivate4, [address](const Range4& range) { return (address ^ range.network) >> (32 - range.bits) == 0; });
}

std::uint32_t read4(const unsigned char* bytes) noexcept { return ip(bytes[0], bytes[1], bytes[2], bytes[3]); }

bool begins_with(const unsigned char* address, std::initializer_list<unsigned char> prefix) noexcept {
  return std::equal(prefix.begin(), prefix.end(), address);
}

bool is_private6(const unsigned char* address) noexcept {
  if (begins_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return is_private4(read4(address + 12));
  if (begins_with(address, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return is_private4(read4(address + 12));
  if (begins_with(address, {0x20, 0x02})) return is_private4(read4(address + 2));  // 6to4
  if (begins_with(address, {0x20, 0x01, 0x0D, 0xB8}) || begins_with(address, {0x20, 0x01, 0, 0})) return true;
  return (address[0] & 0xE0U) != 0x20;  // all of the public internet is in 2000::/3
}

}  // namespace

bool is_private(const sockaddr* address) noexcept {
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return is_private4(ntohl(in.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    return is_private6(in.sin6_addr.s6_addr);
  }
  return true;
}

int family_of(SessionOptions::IpVersion version) noexcept {
  if (version == SessionOptions::IpVersion::v4) return AF_INET;
  return version == SessionOptions::IpVersion::v6 ? AF_INET6 : AF_UNSPEC;
}

bool is_of_family(const boost::asio::ip::address& address, int family) noexcept {
  if (family == AF_UNSPEC) return true;
  if (address.is_v4()) return family == AF_INET;
  return family == AF_INET6 && !address.to_v6().is_v4_mapped();
}

bool is_of_family(const sockaddr* address, int family) noexcept {
  if (family == AF_UNSPEC) return true;
  if (address->sa_family != family) return false;
  if (family != AF_INET6) return true;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  return IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) == 0;
}

const char* no_address_text(int family) noexcept {
  return family == AF_INET6 ? "it has no IPv6 address" : "it has no IPv4 address";
}

}  // namespace overlap::http::detail
