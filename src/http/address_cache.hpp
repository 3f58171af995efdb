#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <overlap/core/time.hpp>

namespace overlap::http::detail {

using Addresses = std::vector<boost::asio::ip::address>;
/// Never empty. The same answer is the same object, however often it is given.
using AddressesPtr = std::shared_ptr<const Addresses>;

/// What was learnt of host names, a bounded number of them: those that were not asked for the longest time are
/// forgotten first. Pure: it knows neither clock nor network.
class AddressCache {
 public:
  struct Entry {
    AddressesPtr addresses;  ///< null: there is no such name
    TimePoint expires;
  };

  explicit AddressCache(std::size_t max_entries) : max_entries_(max_entries) {}

  /// Also when it has expired; null when nothing is known. Valid until the next insert().
  const Entry* find(std::string_view host);
  void insert(std::string host, Entry entry);
  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Node {
    std::string host;
    Entry entry;
  };
  using Nodes = std::list<Node>;

  const std::size_t max_entries_;
  Nodes nodes_;  // last asked for first
  std::unordered_map<std::string_view, Nodes::iterator> by_host_;
};

}  // namespace overlap::http::detail
