#include "get/scheduler.hpp"

namespace overlap::get {

void Scheduler::add(Id id, const std::string& host) {
  Host& at = host_of(host);
  at.waiting.push_back(id);
  ++queued_;
  offer_turn(host, at);
}

void Scheduler::add_first(Id id, const std::string& host) {
  Host& at = host_of(host);
  at.waiting.push_front(id);
  ++queued_;
  offer_turn(host, at);
}

void Scheduler::add_later(Id id, const std::string& host, TimePoint when) {
  later_.push({when, id, host});
  ++queued_;
}

void Scheduler::hold(const std::string& host, TimePoint until) {
  Host& at = host_of(host);
  if (until <= at.held_until) return;
  at.held_until = until;
  ++at.holds;
  holds_.emplace(until, host);
}

// A host stands in line once, however much it has waiting.
void Scheduler::offer_turn(const std::string& name, Host& host) {
  if (host.in_turn || host.waiting.empty() || host.running >= limits_.max_per_host) return;
  host.in_turn = true;
  turns_.push_back(name);
}

void Scheduler::release_due(TimePoint now) {
  while (!later_.empty() && later_.top().when <= now) {
    const Later due = later_.top();
    later_.pop();
    --queued_;  // add_first() counts it again
    add_first(due.id, due.host);
  }
  while (!holds_.empty() && holds_.begin()->first <= now) {
    const std::string name = std::move(holds_.begin()->second);
    holds_.erase(holds_.begin());
    Host& host = host_of(name);
    --host.holds;
    offer_turn(name, host);
    forget_if_idle(name);
  }
}

std::optional<Scheduler::Id> Scheduler::start_next(TimePoint now) {
  release_due(now);
  if (running_ >= limits_.max_concurrent) return std::nullopt;
  while (!turns_.empty()) {
    const std::string name = std::move(turns_.front());
    turns_.pop_front();
    Host& host = host_of(name);
    host.in_turn = false;
    if (host.held_until > now || host.waiting.empty() || host.running >= limits_.max_per_host) continue;
    const Id id = host.waiting.front();
    host.waiting.pop_front();
    ++host.running;
    ++running_;
    --queued_;
    offer_turn(name, host);  // behind the others
    return id;
  }
  return std::nullopt;
}

void Scheduler::finish(const std::string& name) {
  Host& host = host_of(name);
  --host.running;
  --running_;
  offer_turn(name, host);
  forget_if_idle(name);
}

void Scheduler::forget_if_idle(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  const Host& host = found->second;
  if (host.waiting.empty() && host.running == 0 && !host.in_turn && host.holds == 0) hosts_.erase(found);
}

std::optional<TimePoint> Scheduler::next_wake_up() const {
  std::optional<TimePoint> when;
  if (!later_.empty()) when = later_.top().when;
  if (!holds_.empty() && (!when || holds_.begin()->first < *when)) when = holds_.begin()->first;
  return when;
}

std::vector<Scheduler::Id> Scheduler::drop_queued() {
  std::vector<Id> dropped;
  for (; !later_.empty(); later_.pop()) dropped.push_back(later_.top().id);
  for (auto& [name, host] : hosts_) {
    dropped.insert(dropped.end(), host.waiting.begin(), host.waiting.end());
    host.waiting.clear();
  }
  queued_ = 0;
  return dropped;
}

}  // namespace overlap::get
