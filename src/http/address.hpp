#pragma once

#include <sys/socket.h>

namespace overlap::http::detail {

/// Whether the address is not of the public internet: loopback, private, link-local, multicast and the other reserved
/// ranges of RFC 6890, also when an IPv6 address stands for such an IPv4 one. What is neither IPv4 nor IPv6 is private.
bool is_private(const sockaddr* address) noexcept;

}  // namespace overlap::http::detail
