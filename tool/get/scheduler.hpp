// Which request goes next: pure bookkeeping with the time passed in, so that it is tested without waiting.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <overlap/core/detail/cell_rate.hpp>
#include <overlap/core/time.hpp>

#include "get/bound.hpp"
#include "get/concurrency.hpp"
#include "get/host_record.hpp"

namespace overlap::get {

/// The limits of a run, whatever the model: the run starts requests, so no worker can exceed them.
struct PacingLimits {
  std::size_t max_concurrent = 64;
  std::size_t max_per_host = 6;
  /// Both are what is found while the run goes (see Concurrency), from these on, and at most the above.
  bool are_found = false;
  std::size_t first_concurrent = 64;
  std::size_t first_per_host = 6;
  std::size_t spare = 0;     ///< more requests than max_concurrent, while so many are lent() places
  Duration interval{};       ///< between two starts; zero: none is needed
  Duration host_interval{};  ///< the same for one host
  Duration probe_delay = std::chrono::seconds(1);  ///< as in HostRules
  int probes = 4;
};

/// What has been found, where limits are found.
struct FoundConcurrency {
  std::optional<Duration> search = {};  ///< from the first start until a limit was no longer doubled
  std::size_t most = 0;                 ///< that ran at a time, held there by a limit
  double running = 0;                   ///< the same, summed up since the search was over, or all the time ...
  std::uint64_t times = 0;              ///< ... over so many starts

  std::size_t at_a_time() const {
    return times == 0 ? most : static_cast<std::size_t>(running / static_cast<double>(times) + 0.5);
  }
};

/// Holds what waits to be requested, by host, and says what may start now.
///
/// Hosts take turns, whatever the order of the list; within a host the order is that of the list, with what is tried
/// again first when its time has come. Hosts that have not answered yet, or no longer do, are kept from the others'
/// places:
///   - one that has something under way gets more only when no other host has anything to start;
///   - together they get more than half of the places only when no host that answers has anything to start;
///   - what waits for a host that is down is given up (take_given_up()).
/// Memory follows what is queued and which hosts have trouble, not how many were seen.
class Scheduler {
 public:
  using Id = std::uint64_t;

  explicit Scheduler(PacingLimits limits);

  void add(Id id, const std::string& host);
  /// The same, but not before `when`.
  void add_later(Id id, const std::string& host, TimePoint when);
  /// Before what waits for that host: the next hop of a redirect.
  void add_first(Id id, const std::string& host);

  /// No request of this host starts before `until`; a shorter hold never shortens a longer one. By how much it is held
  /// longer than it was.
  Duration hold(const std::string& host, TimePoint until);

  /// The next request that may start; it counts as running from now on.
  std::optional<Id> start_next(TimePoint now);

  /// How a request has ended, as far as that matters to those that follow.
  struct Ending {
    HostSign sign = HostSign::none;
    TimePoint started{};
    bool was_lent = false;            ///< its place had been lent
    bool is_lookup = false;           ///< silent because the lookup failed, and may succeed later
    HostTrouble trouble = {};         ///< when silent
    bool is_refusal = false;          ///< overloaded, and said so in so many words: 429
    std::optional<Served> took = {};  ///< when answered, with what tells of the host's pace
  };
  void finish(const std::string& host, const Ending& ending, TimePoint now);

  /// A request of this host hangs: the host must prove itself again, and the place may go to another one. False if
  /// there is none to spare.
  bool lend(const std::string& host, TimePoint started);
  /// This machine ran out of something that a request needs, which was started then: as many as run are too many.
  void shrink(TimePoint started, TimePoint now);
  /// The failures so far were no host's fault.
  void forgive();
  /// Whether what waits for this host is given up.
  bool is_down(const std::string& host) const;

  struct GivenUp {
    Id id = 0;
    HostTrouble trouble;
  };
  /// What waited for hosts that are down; forgotten here.
  std::vector<GivenUp> take_given_up() { return std::exchange(given_up_, {}); }
  bool has_given_up() const { return !given_up_.empty(); }

  /// Whether more could run, if only it were of another host.
  bool has_room() const { return running_ - lent_ < allowed(); }
  /// When start_next() should be asked again though nothing finishes; nothing when no wait is running out.
  std::optional<TimePoint> next_wake_up() const;

  /// What keeps more from starting now. Looks at some dozens of hosts.
  Bound bound(TimePoint now) const;

  /// How much longer hosts are held than until now, all together.
  Duration still_held(TimePoint now) const;
  struct Held {
    std::string host;
    Duration left{};
  };
  /// Of the hosts that are held, the one that is for the shortest time. Looks at some dozens.
  std::optional<Held> next_released(TimePoint now) const;

  std::size_t running() const { return running_; }
  std::size_t queued() const { return queued_; }  ///< not running: waiting for their turn, their host or their time
  bool is_empty() const { return running_ == 0 && queued_ == 0 && given_up_.empty(); }
  /// How many may run at a time now.
  std::size_t allowed() const { return std::min(allowed_, places()); }
  /// Nothing until a found limit has kept something from starting.
  using Found = FoundConcurrency;
  const std::optional<Found>& found() const { return found_; }
  /// As many as a limit last let run, if it was found.
  std::size_t for_now() const { return bound_at_ == 0 ? allowed() : bound_at_; }
  /// Overloaded signs of this host in a row.
  int overloads(const std::string& host) const;
  /// Whatever waits, in no particular order; forgotten here.
  std::vector<Id> drop_queued();

 private:
  /// A host that may start something. Void when the host has got another turn meanwhile, in another line.
  struct Turn {
    std::string host;
    std::uint64_t number;
  };
  using Line = std::deque<Turn>;
  struct Host {
    Host(const HostRules& rules, const PacingLimits& limits);
    HostRecord record;
    std::unique_ptr<Concurrency> concurrency;  // null: not found, but given
    std::deque<Id> waiting;
    std::size_t running = 0;
    std::size_t lent = 0;   // of those that run
    std::size_t later = 0;  // entries in later_
    TimePoint held_until{};
    TimePoint last_end = TimePoint::min();
    std::optional<detail::CellRate> rate;
    std::size_t wake_ups = 0;  // entries in wake_ups_
    Line* line = nullptr;      // in which it stands; null: in none
    std::uint64_t turn = 0;    // the number of its turn there
  };
  struct Later {
    TimePoint when;
    Id id;
    std::string host;
    bool operator>(const Later& other) const { return when > other.when; }
  };

  Host& host_of(const std::string& name) { return hosts_.try_emplace(name, rules_, limits_).first->second; }
  void queue(Id id, const std::string& name, bool first);
  void offer_turn(const std::string& name, Host& host);
  Line& line_of(const Host& host);
  Line* next_line();
  std::optional<Turn> next_turn();
  bool is_void(const Turn& turn) const;
  TimePoint ready_at(const Host& host) const;
  void wake_at(const std::string& name, Host& host, TimePoint when);
  std::optional<Id> start_of(const std::string& name, Host& host, TimePoint now);
  void give_up_waiting(const std::string& name, Host& host);
  void forget_if_idle(const std::string& name);
  void release_due(TimePoint now);
  std::size_t limit_of(const Host& host) const;
  bool is_held(const std::string& name, TimePoint now) const;
  Bound bound_of(const Host& host, TimePoint now) const;
  std::size_t places() const { return concurrency_ ? concurrency_->limit() : limits_.max_concurrent; }
  void learn(Host& host, const Ending& ending, TimePoint now);
  void note_found();
  template <class Change>
  void change_record(Host& host, Change change);
  void note_success(bool was_proven);
  void note_failed_lookup(TimePoint started, TimePoint now);

  const PacingLimits limits_;
  const HostRules rules_;
  std::unordered_map<std::string, Host> hosts_;
  // Hosts that may start something, in the order of their turns. Those that answer; those of which nothing is known and
  // nothing runs; those of which something runs already.
  Line proven_;
  Line unproven_;
  Line doubtful_;
  std::uint64_t next_turn_ = 0;
  std::vector<Later> later_;  // a heap, the next one on top
  std::multimap<TimePoint, std::string> wake_ups_;
  std::vector<GivenUp> given_up_;
  std::optional<Concurrency> concurrency_;
  std::optional<Found> found_;
  std::size_t bound_at_ = 0;  // running when a limit last kept something from starting
  std::optional<TimePoint> first_start_;
  std::optional<detail::CellRate> rate_;
  TimePoint now_{};  // as last told
  std::size_t running_ = 0;
  std::size_t running_unproven_ = 0;  // of hosts that are not proven, but for those whose place is lent
  std::size_t lent_ = 0;
  std::size_t queued_ = 0;
  std::size_t allowed_;           // max_concurrent, or less after shrink()
  std::size_t allowed_unproven_;  // of running_unproven_: max_concurrent, or less after failed lookups
  std::size_t successes_ = 0;     // since allowed_ last changed
  TimePoint shrunk_at_ = TimePoint::min();
  TimePoint fewer_lookups_at_ = TimePoint::min();
};

}  // namespace overlap::get
