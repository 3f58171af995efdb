#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "manifest/rows.hpp"

namespace overlap::status {

struct HostTime {
  std::string host;  ///< "https://example.com:443"
  std::uint64_t items = 0;
  std::uint64_t failed = 0;
  double seconds = 0;  ///< of the last request of each item, together
  double longest = 0;

  double mean() const { return items == 0 ? 0 : seconds / static_cast<double>(items); }
};

/// How long the hosts of a manifest took. Its memory grows with the number of hosts.
class HostTimes {
 public:
  /// Counts the row for the host that answered it; rows that asked no host are left out.
  void add(const manifest::ItemRow& row);

  /// The slowest by their mean, at most `count`.
  std::vector<HostTime> slowest(std::size_t count) const;

 private:
  std::unordered_map<std::string, HostTime> hosts_;
};

}  // namespace overlap::status
