#include "status/host_times.hpp"

#include <algorithm>

#include "get/url.hpp"

namespace overlap::status {

void HostTimes::add(const manifest::ItemRow& row) {
  const bool asked_a_host = row.tries > 0 && row.same_as == 0;
  const auto url =
      asked_a_host ? get::parse_url(row.final_url.empty() ? row.url : row.final_url) : std::unexpected(std::string());
  if (!url) return;
  HostTime& host = hosts_[url->host_key()];
  ++host.items;
  if (row.state == manifest::State::failed) ++host.failed;
  host.seconds += row.seconds;
  host.longest = std::max(host.longest, row.seconds);
}

std::vector<HostTime> HostTimes::slowest(std::size_t count) const {
  std::vector<HostTime> all;
  all.reserve(hosts_.size());
  for (const auto& [name, host] : hosts_) {
    all.push_back(host);
    all.back().host = name;
  }
  const auto is_slower = [](const HostTime& a, const HostTime& b) {
    return a.mean() != b.mean() ? a.mean() > b.mean() : a.host < b.host;
  };
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), is_slower);
  all.resize(count);
  return all;
}

}  // namespace overlap::status
