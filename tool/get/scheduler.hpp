// Which request goes next: pure bookkeeping with the time passed in, so that it is tested without waiting.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include <overlap/core/time.hpp>

namespace overlap::get {

/// The limits of a run, whatever the model: the run starts requests, so no worker can exceed them.
struct PacingLimits {
  std::size_t max_concurrent = 64;
  std::size_t max_per_host = 6;
};

/// Holds what waits to be requested, by host, and says what may start now.
///
/// Hosts take turns, whatever the order of the list; within a host the order is that of the list, with what is tried
/// again first when its time has come. Memory follows what is queued, not how many hosts were seen.
class Scheduler {
 public:
  using Id = std::uint64_t;

  explicit Scheduler(PacingLimits limits) : limits_(limits) {}

  void add(Id id, const std::string& host);
  /// The same, but not before `when`.
  void add_later(Id id, const std::string& host, TimePoint when);
  /// Before what waits for that host: the next hop of a redirect.
  void add_first(Id id, const std::string& host);

  /// No request of this host starts before `until`; a shorter hold never shortens a longer one.
  void hold(const std::string& host, TimePoint until);

  /// The next request that may start; it counts as running from now on.
  std::optional<Id> start_next(TimePoint now);
  /// A request of this host has ended.
  void finish(const std::string& host);

  /// When start_next() should be asked again though nothing finishes; nothing when no wait is running out.
  std::optional<TimePoint> next_wake_up() const;

  std::size_t running() const { return running_; }
  std::size_t queued() const { return queued_; }  ///< not running: waiting for their turn, their host or their time
  bool is_empty() const { return running_ == 0 && queued_ == 0; }
  /// Whatever waits, in no particular order; forgotten here.
  std::vector<Id> drop_queued();

 private:
  struct Host {
    std::deque<Id> waiting;
    std::size_t running = 0;
    TimePoint held_until{};
    std::size_t holds = 0;  // entries in holds_
    bool in_turn = false;   // is listed in turns_
  };
  struct Later {
    TimePoint when;
    Id id;
    std::string host;
    bool operator>(const Later& other) const { return when > other.when; }
  };

  Host& host_of(const std::string& name) { return hosts_[name]; }
  void offer_turn(const std::string& name, Host& host);
  void forget_if_idle(const std::string& name);
  void release_due(TimePoint now);

  const PacingLimits limits_;
  std::unordered_map<std::string, Host> hosts_;
  std::deque<std::string> turns_;  // hosts that may start something, in the order of their turns
  std::priority_queue<Later, std::vector<Later>, std::greater<>> later_;
  std::multimap<TimePoint, std::string> holds_;
  std::size_t running_ = 0;
  std::size_t queued_ = 0;
};

}  // namespace overlap::get
