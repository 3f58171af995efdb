#include "get/scheduler.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace overlap::get {
namespace {

/// By how much a start that was due may be made up for. Wake-ups come late, and a busy run comes late to its own.
constexpr Duration kLateness = std::chrono::milliseconds(50);
constexpr Duration kMemory = std::chrono::minutes(1);  // of how much a host takes, when nothing is wanted of it

std::optional<detail::CellRate> rate_of(Duration interval) {
  if (interval <= Duration::zero()) return std::nullopt;
  return detail::CellRate(interval, 1 + static_cast<std::size_t>(kLateness / interval));
}

}  // namespace

Scheduler::Scheduler(PacingLimits limits)
    : limits_(limits),
      rules_{.max_at_once = limits.max_per_host, .probe_delay = limits.probe_delay, .probes = limits.probes},
      rate_(rate_of(limits.interval)),
      allowed_(limits.max_concurrent),
      allowed_unproven_(limits.max_concurrent) {
  if (limits.are_found) concurrency_.emplace(Concurrency::Rules{limits.first_concurrent, limits.max_concurrent});
}

Scheduler::Host::Host(const HostRules& rules, const PacingLimits& limits) : record(rules) {
  if (!limits.are_found) return;
  concurrency = std::make_unique<Concurrency>(Concurrency::Rules{limits.first_per_host, limits.max_per_host});
}

// ---- What waits

void Scheduler::add(Id id, const std::string& host) { queue(id, host, false); }

void Scheduler::add_first(Id id, const std::string& host) { queue(id, host, true); }

void Scheduler::queue(Id id, const std::string& name, bool first) {
  Host& host = host_of(name);
  if (host.record.is_given_up(now_, host.running)) {
    given_up_.push_back({id, host.record.trouble()});
    return;
  }
  if (first) {
    host.waiting.push_front(id);
  } else {
    host.waiting.push_back(id);
  }
  ++queued_;
  offer_turn(name, host);
}

void Scheduler::add_later(Id id, const std::string& name, TimePoint when) {
  later_.push_back({when, id, name});
  std::ranges::push_heap(later_, std::greater<>());
  ++host_of(name).later;
  ++queued_;
}

Duration Scheduler::hold(const std::string& name, TimePoint until) {
  if (until <= now_) return {};
  Host& host = host_of(name);
  const TimePoint before = std::max(host.held_until, now_);
  if (until <= before) return {};
  host.held_until = until;
  wake_at(name, host, until);
  return until - before;
}

void Scheduler::wake_at(const std::string& name, Host& host, TimePoint when) {
  ++host.wake_ups;
  wake_ups_.emplace(when, name);
}

void Scheduler::release_due(TimePoint now) {
  now_ = now;
  while (!later_.empty() && later_.front().when <= now) {
    std::ranges::pop_heap(later_, std::greater<>());
    const Later due = std::move(later_.back());
    later_.pop_back();
    --queued_;  // add_first() counts it again
    --host_of(due.host).later;
    add_first(due.id, due.host);
  }
  while (!wake_ups_.empty() && wake_ups_.begin()->first <= now) {
    const std::string name = std::move(wake_ups_.begin()->second);
    wake_ups_.erase(wake_ups_.begin());
    Host& host = host_of(name);
    --host.wake_ups;
    offer_turn(name, host);
    forget_if_idle(name);
  }
}

void Scheduler::give_up_waiting(const std::string& name, Host& host) {
  const auto give_up = [&](Id id) {
    given_up_.push_back({id, host.record.trouble()});
    --queued_;
  };
  for (const Id id : std::exchange(host.waiting, {})) give_up(id);
  if (host.later == 0) return;
  for (const Later& one : later_) {
    if (one.host == name) give_up(one.id);
  }
  std::erase_if(later_, [&name](const Later& one) { return one.host == name; });
  std::ranges::make_heap(later_, std::greater<>());
  host.later = 0;
}

std::vector<Scheduler::Id> Scheduler::drop_queued() {
  std::vector<Id> dropped;
  for (const Later& one : std::exchange(later_, {})) {
    dropped.push_back(one.id);
    --host_of(one.host).later;
  }
  for (auto& [name, host] : hosts_) {
    dropped.insert(dropped.end(), host.waiting.begin(), host.waiting.end());
    host.waiting.clear();
  }
  for (const GivenUp& one : std::exchange(given_up_, {})) dropped.push_back(one.id);
  queued_ = 0;
  return dropped;
}

// ---- Whose turn it is

// A host stands in line once, however much it has waiting; when it belongs into another line, its turn here is void.
void Scheduler::offer_turn(const std::string& name, Host& host) {
  Line& line = line_of(host);
  if (host.line == &line || host.waiting.empty() || host.running >= limit_of(host)) return;
  host.line = &line;
  host.turn = next_turn_++;
  line.push_back({name, host.turn});
}

// One that does not answer is probed, whatever it could take before.
std::size_t Scheduler::limit_of(const Host& host) const {
  if (!host.concurrency || host.record.state() != HostRecord::State::fine) return host.record.limit();
  return host.concurrency->limit();
}

bool Scheduler::is_void(const Turn& turn) const {
  const auto found = hosts_.find(turn.host);
  return found == hosts_.end() || found->second.line == nullptr || found->second.turn != turn.number;
}

Scheduler::Line& Scheduler::line_of(const Host& host) {
  if (host.record.is_proven()) return proven_;
  return host.running == 0 ? unproven_ : doubtful_;
}

Scheduler::Line* Scheduler::next_line() {
  const bool takes_unproven = running_unproven_ < allowed_unproven_;
  if (!proven_.empty()) {
    const bool has_share = takes_unproven && running_unproven_ < std::max<std::size_t>(1, places() / 2);
    const bool is_first = !unproven_.empty() && unproven_.front().number < proven_.front().number;
    return has_share && is_first ? &unproven_ : &proven_;
  }
  if (!takes_unproven) return nullptr;
  if (!unproven_.empty()) return &unproven_;
  return doubtful_.empty() ? nullptr : &doubtful_;
}

std::optional<Scheduler::Turn> Scheduler::next_turn() {
  if (!has_room()) return std::nullopt;
  for (Line* const line : {&proven_, &unproven_, &doubtful_}) {
    while (!line->empty() && is_void(line->front())) line->pop_front();
  }
  Line* const line = next_line();
  if (line == nullptr) return std::nullopt;
  std::optional<Turn> turn = std::move(line->front());
  line->pop_front();
  return turn;
}

std::optional<Scheduler::Id> Scheduler::start_next(TimePoint now) {
  release_due(now);
  if (rate_ && rate_->next() > now) return std::nullopt;
  while (const std::optional<Turn> turn = next_turn()) {
    Host& host = host_of(turn->host);
    host.line = nullptr;
    if (const auto id = start_of(turn->host, host, now)) return id;
    forget_if_idle(turn->host);
  }
  return std::nullopt;
}

TimePoint Scheduler::ready_at(const Host& host) const {
  const TimePoint allowed = std::max(host.held_until, host.record.quiet_until());
  return host.rate ? std::max(allowed, host.rate->next()) : allowed;
}

std::optional<Scheduler::Id> Scheduler::start_of(const std::string& name, Host& host, TimePoint now) {
  // One that is not ready has a wake-up, which brings it back into line.
  if (host.waiting.empty() || host.running >= limit_of(host) || ready_at(host) > now) return std::nullopt;
  const Id id = host.waiting.front();
  host.waiting.pop_front();
  ++host.running;
  ++running_;
  --queued_;
  if (!host.record.is_proven()) ++running_unproven_;
  if (host.concurrency) host.concurrency->started(now, host.running - host.lent);
  if (concurrency_) concurrency_->started(now, running_ - lent_);
  if (!first_start_) first_start_ = now;
  if (rate_) rate_->take(now);
  if (limits_.host_interval > Duration::zero()) {
    if (!host.rate) host.rate = rate_of(limits_.host_interval);
    host.rate->take(now);
    if (host.rate->next() > now) wake_at(name, host, host.rate->next());
  }
  offer_turn(name, host);  // behind the others
  if (concurrency_) {
    const bool is_bound = !host.waiting.empty() && host.running >= limit_of(host);
    if (is_bound || (!has_room() && queued_ > later_.size())) note_found();
  }
  return id;
}

// ---- What has become of it

// Requests that run count by the standing of their host, which may change under them.
template <class Change>
void Scheduler::change_record(Host& host, Change change) {
  if (!host.record.is_proven()) running_unproven_ -= host.running - host.lent;
  change(host);
  if (!host.record.is_proven()) running_unproven_ += host.running - host.lent;
}

void Scheduler::finish(const std::string& name, const Ending& ending, TimePoint now) {
  now_ = now;
  Host& host = host_of(name);
  const bool was_proven = host.record.is_proven();
  const TimePoint was_quiet_until = host.record.quiet_until();
  --running_;
  if (ending.was_lent) --lent_;
  change_record(host, [&](Host& changed) {
    --changed.running;
    if (ending.was_lent) --changed.lent;
    changed.record.note(ending.sign, ending.started, now, rules_, ending.trouble);
  });
  learn(host, ending, now);
  if (ending.sign == HostSign::answered) note_success(was_proven);
  if (ending.is_lookup) note_failed_lookup(ending.started, now);
  if (host.record.quiet_until() > was_quiet_until) wake_at(name, host, host.record.quiet_until());
  if (host.record.is_given_up(now, host.running)) give_up_waiting(name, host);
  offer_turn(name, host);
  forget_if_idle(name);
}

// Refusals and silence are a host's own; how long answers take may be the run's doing as well.
void Scheduler::learn(Host& host, const Ending& ending, TimePoint now) {
  host.last_end = now;
  if (!host.concurrency || ending.was_lent) return;  // of what was lent, the rounds have been told
  Concurrency& mine = *host.concurrency;
  const bool was_searching = mine.is_searching() && concurrency_->is_searching();
  if (ending.took) {
    mine.served(ending.started, now, *ending.took);
    concurrency_->served(ending.started, now, *ending.took);
  } else {
    mine.left(ending.started, now);
    concurrency_->left(ending.started, now);
  }
  // A page that is out of order says 503 too: only the second one in a row tells of the host.
  const bool is_refusal = ending.sign == HostSign::overloaded && (ending.is_refusal || host.record.overloads() > 1);
  if (is_refusal) mine.refused(ending.started, now);
  if (ending.sign == HostSign::silent && !ending.is_lookup) mine.lost(ending.started, now);
  const bool is_searching = mine.is_searching() && concurrency_->is_searching();
  if (!was_searching || is_searching || !first_start_) return;
  if (!found_) found_.emplace();
  if (found_->search) return;
  found_->search = now - *first_start_;
  found_->running = 0;
  found_->times = 0;
}

/// Something has started, and nothing more may, though it waits.
void Scheduler::note_found() {
  if (!found_) found_.emplace();
  const std::size_t running = running_ - lent_;
  bound_at_ = running;
  found_->most = std::max(found_->most, running);
  found_->running += static_cast<double>(running);
  ++found_->times;
}

// What was lowered comes back slowly: by one for each round of successes.
void Scheduler::note_success(bool was_proven) {
  if (!was_proven && allowed_unproven_ < limits_.max_concurrent) ++allowed_unproven_;
  if (allowed_ >= limits_.max_concurrent || ++successes_ < allowed_) return;
  successes_ = 0;
  ++allowed_;
}

// Names are looked up for hosts that have not answered yet. Once for all that were under way.
void Scheduler::note_failed_lookup(TimePoint started, TimePoint now) {
  if (started < fewer_lookups_at_) return;
  fewer_lookups_at_ = now;
  allowed_unproven_ = std::max<std::size_t>(1, std::min(allowed_unproven_, running_unproven_ + 1) / 2);
}

bool Scheduler::lend(const std::string& name, TimePoint started) {
  const bool has_spare = lent_ < std::min(limits_.spare, places());
  if (has_spare) ++lent_;
  Host& lender = host_of(name);
  if (has_spare && lender.concurrency) {
    lender.concurrency->left(started, now_);
    concurrency_->left(started, now_);
  }
  change_record(lender, [&](Host& host) {
    if (has_spare) ++host.lent;
    host.record.doubt(started);
  });
  return has_spare;
}

void Scheduler::shrink(TimePoint started, TimePoint now) {
  if (started < shrunk_at_) return;  // was under way then: it is the same piece of news
  shrunk_at_ = now;
  successes_ = 0;
  allowed_ = std::max<std::size_t>(1, std::min(allowed_, running_ + 1) * 3 / 4);
}

void Scheduler::forgive() {
  for (auto& [name, host] : hosts_) {
    host.record.forgive();
    offer_turn(name, host);
  }
}

bool Scheduler::is_down(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found != hosts_.end() && found->second.record.is_given_up(now_, found->second.running);
}

int Scheduler::overloads(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? 0 : found->second.record.overloads();
}

void Scheduler::forget_if_idle(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  const bool is_idle = host.waiting.empty() && host.running == 0 && host.later == 0;
  if (!is_idle || host.wake_ups > 0) return;
  TimePoint until = std::max(host.record.remember_until(), ready_at(host));
  if (host.concurrency && host.concurrency->has_learned()) until = std::max(until, host.last_end + kMemory);
  if (until <= now_) {
    hosts_.erase(found);
  } else {
    wake_at(name, host, until);
  }
}

std::optional<TimePoint> Scheduler::next_wake_up() const {
  std::optional<TimePoint> when;
  const auto consider = [&when](TimePoint other) { when = when ? std::min(*when, other) : other; };
  if (!later_.empty()) consider(later_.front().when);
  if (!wake_ups_.empty()) consider(wake_ups_.begin()->first);
  const bool waits_for_rate = rate_ && has_room() && !(proven_.empty() && unproven_.empty() && doubtful_.empty());
  if (waits_for_rate) consider(rate_->next());
  return when;
}

}  // namespace overlap::get
