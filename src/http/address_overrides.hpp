#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/address_cache.hpp"

namespace overlap::http::detail {

/// The addresses that somebody has given for hosts, to be used instead of a lookup: SessionOptions::resolve.
class AddressOverrides {
 public:
  AddressOverrides() = default;
  /// Entries of the form "host:port:address[,address]", host "*" for all that have no entry of their own. The error
  /// quotes the entry that is none.
  static std::expected<AddressOverrides, std::string> parse(const std::vector<std::string>& entries);

  /// Drops the addresses of the other family; a host may be left with none.
  void keep_family(int family);

  /// `host` in lower case. Null if there is none.
  AddressesPtr find(std::string_view host, std::uint16_t port) const;
  bool empty() const noexcept { return by_port_.empty(); }

 private:
  using ByHost = std::unordered_map<std::string, AddressesPtr>;
  std::unordered_map<std::uint16_t, ByHost> by_port_;
};

/// Whether it could be an address: no name ends in a part that begins with a digit.
bool may_be_literal(std::string_view host) noexcept;

/// What an address in a URL says, in any spelling that system calls take: "127.1", "0x7f000001", "[::1]". Nothing for a
/// name.
std::optional<boost::asio::ip::address> literal_address(std::string_view host);

/// Whether it is of the form of SessionOptions::dns_servers, "address[:port]".
bool is_name_server(const std::string& text);

}  // namespace overlap::http::detail
