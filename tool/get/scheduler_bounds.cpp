// What keeps a scheduler from starting more.
#include <algorithm>
#include <array>

#include "get/scheduler.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kHostsToLookAt = 64;

}  // namespace

Bound Scheduler::bound_of(const Host& host, TimePoint now) const {
  const bool is_left_alone = host.held_until > now || host.record.state() != HostRecord::State::fine;
  if (is_left_alone) return Bound::hold;
  return host.running >= limit_of(host) ? Bound::host : Bound::host_rate;
}

bool Scheduler::is_held(const std::string& name, TimePoint now) const {
  const auto host = hosts_.find(name);
  return host != hosts_.end() && host->second.held_until > now;
}

Duration Scheduler::still_held(TimePoint now) const {
  Duration left{};
  for (const auto& [name, host] : hosts_) left += std::max<Duration>(Duration::zero(), host.held_until - now);
  return left;
}

std::optional<Scheduler::Held> Scheduler::next_released(TimePoint now) const {
  std::optional<Held> next;
  std::size_t looked = 0;
  for (auto it = hosts_.begin(); it != hosts_.end() && looked < kHostsToLookAt; ++it, ++looked) {
    const Duration left = it->second.held_until - now;
    if (left > Duration::zero() && (!next || left < next->left)) next = {it->first, left};
  }
  return next;
}

Bound Scheduler::bound(TimePoint now) const {
  if (queued_ == 0) return Bound::end;
  // A wait that the server has asked for is no shorter with a shorter --retry-delay.
  if (queued_ == later_.size()) return is_held(later_.front().host, now) ? Bound::hold : Bound::retry;
  if (!has_room()) return Bound::run;
  if (rate_ && rate_->next() > now) return Bound::rate;
  std::array<std::size_t, kBounds.size()> hosts{};
  std::size_t looked = 0;
  for (auto it = hosts_.begin(); it != hosts_.end() && looked < kHostsToLookAt; ++it, ++looked) {
    if (!it->second.waiting.empty()) ++hosts[static_cast<std::size_t>(bound_of(it->second, now))];
  }
  const auto most = std::ranges::max_element(hosts);
  return *most == 0 ? Bound::host : static_cast<Bound>(most - hosts.begin());
}

}  // namespace overlap::get
