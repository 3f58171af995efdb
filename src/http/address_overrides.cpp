#include "http/address_overrides.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "http/address.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

using Address = boost::asio::ip::address;

std::optional<Address> address_of(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  const Address address = boost::asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

AddressesPtr addresses_of(std::string_view list) {
  auto addresses = std::make_shared<Addresses>();
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const auto address = address_of(list.substr(at, end - at));
    if (!address) return nullptr;
    addresses->push_back(*address);
    at = end + 1;
  }
  return addresses;
}

}  // namespace

std::expected<AddressOverrides, std::string> AddressOverrides::parse(const std::vector<std::string>& entries) {
  AddressOverrides overrides;
  for (const std::string& entry : entries) {
    std::string_view rest = entry;
    const auto next = [&rest] {
      const std::string_view part = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      return part;
    };
    const std::string host = lower_case(next());
    const auto port = port_of(next());
    AddressesPtr addresses = addresses_of(rest);
    if (host.empty() || !port || !addresses)
      return std::unexpected(fmt::format("'{}' is not HOST:PORT:ADDRESS[,ADDRESS]", entry));
    overrides.by_port_[*port][host] = std::move(addresses);
  }
  return overrides;
}

void AddressOverrides::keep_family(int family) {
  for (auto& [port, hosts] : by_port_) {
    for (auto& [host, addresses] : hosts) {
      Addresses kept = *addresses;
      std::erase_if(kept, [&](const Address& address) { return !is_of_family(address, family); });
      addresses = std::make_shared<const Addresses>(std::move(kept));
    }
  }
}

AddressesPtr AddressOverrides::find(std::string_view host, std::uint16_t port) const {
  const auto hosts = by_port_.find(port);
  if (hosts == by_port_.end()) return nullptr;
  for (const std::string& name : {std::string(host), std::string("*")}) {
    if (const auto found = hosts->second.find(name); found != hosts->second.end()) return found->second;
  }
  return nullptr;
}

bool may_be_literal(std::string_view host) noexcept {
  if (host.contains(':')) return true;  // IPv6, in brackets or not
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::size_t last = host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1;
  return last < host.size() && host[last] >= '0' && host[last] <= '9';
}

std::optional<Address> literal_address(std::string_view host) {
  if (!may_be_literal(host)) return std::nullopt;
  if (const auto address = address_of(host)) return address;
  in_addr old{};  // the spellings of old: fewer parts, hexadecimal, octal
  if (inet_aton(std::string(host).c_str(), &old) == 0) return std::nullopt;
  return boost::asio::ip::address_v4(ntohl(old.s_addr));
}

// "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53"
bool is_name_server(const std::string& text) {
  const std::string_view all = text;
  const std::size_t colon = all.rfind(':');
  const bool is_last = all.starts_with('[') ? colon > all.rfind(']') : colon == all.find(':');
  if (colon == std::string_view::npos || !is_last) return address_of(all).has_value();
  return port_of(all.substr(colon + 1)).has_value() && address_of(all.substr(0, colon)).has_value();
}

}  // namespace overlap::http::detail
