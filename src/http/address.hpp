#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include <overlap/http/session_options.hpp>

namespace overlap::http::detail {

/// Whether the address is not of the public internet: loopback, private, link-local, multicast and the other reserved
/// ranges of RFC 6890, also when an IPv6 address stands for such an IPv4 one. What is neither IPv4 nor IPv6 is private.
bool is_private(const sockaddr* address) noexcept;

/// AF_INET, AF_INET6, or AF_UNSPEC for any.
int family_of(SessionOptions::IpVersion version) noexcept;

/// Whether a connection there is one of that family. An IPv6 address that stands
/// for an IPv4 one is of neither.
bool is_of_family(const sockaddr* address, int family) noexcept;
bool is_of_family(const boost::asio::ip::address& address, int family) noexcept;

/// Of a host that has addresses, but none of that family.
const char* no_address_text(int family) noexcept;

}  // namespace overlap::http::detail
