#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace overlap::http::detail {

/// The parts of a URL that a request over plain HTTP/1.1 needs, within the URL itself.
struct PlainTarget {
  std::string_view authority;  ///< "example.com:8080", for the Host header and as the name of the origin
  std::string_view host;
  std::uint16_t port = 80;
  std::string_view path;  ///< with the query; empty stands for "/"
};

/// Nothing for https, and for whatever URL has more than one reading (odd spellings of addresses, upper case or escapes
/// in the host, dot segments, fragments, characters that must be escaped): libcurl takes those apart. `url` has no
/// credentials.
std::optional<PlainTarget> plain_target(std::string_view url) noexcept;

}  // namespace overlap::http::detail
