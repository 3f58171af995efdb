#include "get/outage.hpp"

#include <algorithm>
#include <utility>

namespace overlap::get {
namespace {

constexpr std::size_t kFailures = 12;
constexpr std::size_t kHosts = 3;
constexpr Duration kPutOff = std::chrono::milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(30);
// Probes that fail before the hosts are blamed after all: where no address is known that should be reachable, and where
// it is lookups that fail, of which a reachable address says nothing.
constexpr int kBlindProbes = 6;
constexpr int kLookupProbes = 10;

}  // namespace

bool Outage::unreachable(const std::string& host, bool is_lookup, TimePoint started, TimePoint now) {
  if (out_) {
    if (started >= out_since_) note_failed_probe(now);
    return true;
  }
  if (!armed_) return false;
  ++failures_;
  if (is_lookup) ++lookups_;
  if (hosts_.size() < kHosts && std::ranges::find(hosts_, host) == hosts_.end()) hosts_.push_back(host);
  if (failures_ < kFailures || hosts_.size() < kHosts) return false;
  out_ = true;
  out_since_ = now;
  probes_failed_ = 0;
  next_probe_ = now + std::min(first_pause_, kLongestPause);
  return true;
}

void Outage::note_failed_probe(TimePoint now) {
  probing_ = false;
  Duration pause = std::min(first_pause_, kLongestPause);
  for (int i = 0; i < probes_failed_ && pause < kLongestPause; ++i) pause = std::min(pause * 2, kLongestPause);
  next_probe_ = now + pause;
  ++probes_failed_;
  const bool is_lookups = lookups_ == failures_;
  if (is_lookups ? probes_failed_ < kLookupProbes : has_beacon_ || probes_failed_ < kBlindProbes) return;
  end();
  armed_ = false;
}

void Outage::inconclusive(TimePoint started, TimePoint now) {
  if (out_ && started >= out_since_) put_off_probe(now);
}

bool Outage::answered() {
  armed_ = true;
  if (!out_ && failures_ == 0) return false;  // the usual case
  const bool was_out = out_;
  end();
  return was_out;
}

Outage::Finding Outage::beacon_reached() {
  if (!out_ || lookups_ == failures_) return Finding::nothing;
  armed_ = beacon_was_missed_;
  end();
  return armed_ ? Finding::network_back : Finding::hosts_at_fault;
}

void Outage::end() {
  out_ = probing_ = beacon_was_missed_ = false;
  failures_ = lookups_ = 0;
  hosts_.clear();
}

bool Outage::may_start(TimePoint now) {
  if (!out_) return true;
  if (probing_ || now < next_probe_) return false;
  probing_ = true;
  return true;
}

void Outage::put_off_probe(TimePoint now) {
  probing_ = false;
  next_probe_ = now + kPutOff;
}

std::optional<TimePoint> Outage::next_wake_up() const {
  if (!out_ || probing_) return std::nullopt;
  return next_probe_;
}

}  // namespace overlap::get
