#include "get/host_record.hpp"

#include <algorithm>

namespace overlap::get {
namespace {

constexpr int kSilencesBeforeSuspicion = 5;
constexpr Duration kLongestProbeDelay = std::chrono::seconds(60);
constexpr Duration kFirstRest = std::chrono::seconds(30);
constexpr Duration kLongestRest = std::chrono::minutes(10);
constexpr Duration kMemory = std::chrono::minutes(1);  // of a host that had trouble, when nothing is wanted of it

/// `first` doubled `times` times, at most `longest`.
Duration doubled(Duration first, int times, Duration longest) {
  Duration delay = std::min(first, longest);
  for (int i = 0; i < times && delay < longest; ++i) delay = std::min(delay * 2, longest);
  return delay;
}

}  // namespace

void HostRecord::note(HostSign sign, TimePoint started, TimePoint now, const HostRules& rules,
                      const HostTrouble& trouble) {
  switch (sign) {
    case HostSign::none:
      return;
    case HostSign::answered:
      last_answer_ = now;
      overloads_ = 0;
      return answered(rules);
    case HostSign::overloaded:
      last_answer_ = now;
      forgive();
      proven_ = true;
      return overloaded(started, now);
    case HostSign::silent:
      return silent(started, now, rules, trouble);
  }
}

void HostRecord::doubt(TimePoint started) {
  if (last_answer_ < started) proven_ = false;
}

void HostRecord::forgive() {
  state_ = State::fine;
  silences_ = probes_failed_ = times_down_ = 0;
  quiet_until_ = TimePoint::min();
}

void HostRecord::answered(const HostRules& rules) {
  forgive();
  proven_ = true;
  if (limit_ >= rules.max_at_once || ++good_ < limit_) return;
  good_ = 0;
  ++limit_;
}

void HostRecord::overloaded(TimePoint started, TimePoint now) {
  ++overloads_;
  good_ = 0;
  remember(now + kMemory);
  if (started < lowered_at_) return;  // was under way when the limit was lowered: it is the same piece of news
  lowered_at_ = now;
  limit_ = std::max<std::size_t>(1, limit_ / 2);
}

void HostRecord::silent(TimePoint started, TimePoint now, const HostRules& rules, const HostTrouble& trouble) {
  proven_ = false;
  ++silences_;
  trouble_ = trouble;
  if (state_ == State::fine) {
    if (silences_ >= kSilencesBeforeSuspicion) suspect(now, rules);
    return;
  }
  if (started < suspected_at_) return;  // no probe: it was under way already
  if (state_ == State::down || ++probes_failed_ >= rules.probes) {
    give_up(now);
  } else {
    quiet_until_ = now + doubled(rules.probe_delay, probes_failed_, kLongestProbeDelay);
  }
}

void HostRecord::suspect(TimePoint now, const HostRules& rules) {
  state_ = State::suspected;
  suspected_at_ = now;
  probes_failed_ = 0;
  quiet_until_ = now + std::min(rules.probe_delay, kLongestProbeDelay);
  if (rules.probes == 0) give_up(now);
}

void HostRecord::give_up(TimePoint now) {
  state_ = State::down;
  const Duration rest = doubled(kFirstRest, times_down_++, kLongestRest);
  quiet_until_ = now + rest;
  suspected_at_ = now;
  remember(quiet_until_ + rest);
}

void HostRecord::remember(TimePoint until) { remember_until_ = std::max(remember_until_, until); }

}  // namespace overlap::get
