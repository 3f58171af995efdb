// The one loop of a run: pull entries, start what may start, reap what has ended.
//
// The loop's thread alone touches the list, the schedule, the names, the totals and the reporter, so none has a lock.
// How a run ends:
//   1. The list has ended, or intake stopped: a signal, --fail-early, a full disk.
//   2. What had not started when intake stopped is accounted for as `interrupted`.
//   3. What runs is awaited. After a second signal, or when the grace of the first is over, it is asked to stop.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include <overlap/core/executor.hpp>
#include <overlap/http/retry_policy.hpp>

#include "cli/signals.hpp"
#include "get/batch_patience.hpp"
#include "get/beacon.hpp"
#include "get/completions.hpp"
#include "get/ledger.hpp"
#include "get/list_reader.hpp"
#include "get/loop_signals.hpp"
#include "get/name_plan.hpp"
#include "get/outage.hpp"
#include "get/outcome_log.hpp"
#include "get/outcome_rows.hpp"
#include "get/output_directory.hpp"
#include "get/repeats.hpp"
#include "get/reporter.hpp"
#include "get/request_trace.hpp"
#include "get/scheduler.hpp"
#include "get/url.hpp"

namespace overlap::get {

struct RunPlan {
  std::shared_ptr<const FetchConfig> config;
  PacingLimits pacing;
  http::RetryPolicy retry;
  Duration retry_max_time{};       ///< no entry is tried again later than this after its first request; zero: no limit
  bool retry_all = false;          ///< also requests that may do something twice (POST)
  double max_fail_rate = 0;        ///< failures are no failure of the run while their share is below this
  std::uint64_t min_free_space{};  ///< below this many bytes nothing more is fetched
  int max_redirects = 10;
  bool fail_early = false;
  bool retry_failed = false;                  ///< also what failed for good in an earlier run
  bool timestamping = false;                  ///< what is here is asked for again, unless it is unchanged
  bool dedupe = false;                        ///< a repeated URL is fetched once
  bool runs_in_submit = false;                ///< requests run on the run's own thread, one after the other (inline)
  Duration grace = std::chrono::seconds(10);  ///< for what runs when the first signal comes
  std::optional<OutputDirectory> directory;   ///< where bodies are stored, if they are
  OutcomeLog* log = nullptr;                  ///< must outlive the run; null: none
  RequestTrace* trace = nullptr;              ///< the same
  std::function<void()> force_stop;           ///< ends running requests where asking is not enough: worker processes
};

enum class RunEnd {
  complete,     ///< every entry has its outcome
  interrupted,  ///< by a signal
  failed_early,
  disk_full,     ///< nothing more could be stored
  unrecorded,    ///< outcomes could not be kept in the manifest
  list_changed,  ///< it is not the list that an earlier run has outcomes of
  list_failed,   ///< the list could not be read to its end
  broken,        ///< the executor could run nothing more
};

class Run {
 public:
  /// All must outlive the run.
  Run(RunPlan plan, std::vector<ListReader> lists, NamePlan names, Ledger& ledger, Executor& executor,
      Reporter& reporter, const cli::InterruptWatch& interrupts);

  /// Blocks until every entry has its outcome. Called once.
  RunEnd execute();

  const Totals& totals() const { return totals_; }
  /// Requests that may run at a time now: what was asked for, or what -j auto has come to.
  std::size_t concurrency() const {
    return plan_.pacing.are_found ? scheduler_.allowed() : plan_.pacing.max_concurrent;
  }
  /// What -j auto has found; nothing without it, and where there was nothing to find.
  std::optional<Scheduler::Found> found() const;
  /// What kept more from running, and how long.
  const BoundTimes& bound() const { return bound_; }
  /// Why the run ended before its end, for a person.
  const std::string& reason() const { return reason_; }

 private:
  /// An entry with the URL of another one, which is fetched for both.
  struct Repeat {
    std::uint64_t ordinal = 0;
    std::uint64_t line = 0;
    std::string kept;
  };
  /// How many bytes have come for a request that runs elsewhere. Moves with what does not run.
  struct Heard {
    Heard() = default;
    Heard(Heard&& other) noexcept : bytes(other.bytes.load(std::memory_order_relaxed)) {}
    std::atomic<std::uint64_t> bytes{0};
  };
  struct Work {
    std::uint64_t line = 0;
    std::string shown;     // the URL of the list, fit to show
    std::string kept;      // as Item::kept
    std::string name;      // that the list gives, where names are given late
    std::string identity;  // as identity_of(), there
    std::string host;      // the host key of the URL to request next
    FetchJob job;
    int tries = 0;
    int hops = 0;
    int shortages = 0;  // tries for which this machine had no descriptor or port
    std::chrono::system_clock::time_point started{};
    TimePoint sent{};  // the request that runs
    TimePoint first_sent{};
    bool is_lent = false;  // the place of that, to another
    Heard heard;
    std::optional<manifest::ItemRow> stored;  // with --timestamping: of the body that is here
    std::vector<Repeat> repeats;
  };
  using Id = Scheduler::Id;

  void pull();
  bool take_entry();
  void accept(Item& item, const manifest::EarlierRow* earlier);
  void refuse(const BadLine& line, const manifest::EarlierRow* earlier);
  void end_list();
  std::optional<manifest::ItemRow> stored_body(const manifest::EarlierRow& earlier);
  bool settle(const manifest::EarlierRow& earlier);
  bool is_repeat(const Item& item, const Url& url, const manifest::EarlierRow* earlier);
  enum class Lasting : bool { of_the_run, of_the_directory };
  void settle_repeat(manifest::ItemRow row, Repeat repeat, Lasting lasting = Lasting::of_the_directory);
  void list_changed(std::uint64_t ordinal, std::string_view was, std::string_view is);
  Work work_for(const Item& item, const Url& url, const manifest::EarlierRow* earlier);
  std::size_t read_ahead() const;
  void start_what_may();
  std::optional<Id> next_to_start(TimePoint now);
  void note_bound(TimePoint now);
  void start(Id id);
  Future<Receipt> submit(Id id, const FetchJob& job);
  void wait();
  void reap();
  void ended(Id id);
  void crashed(Work& work, const std::exception_ptr& error);
  void follow(Work& work, const Receipt& receipt);
  static void go_on_at(Work& work, const http::Request& request, const Url& target);
  void set_conditions(Work& work) const;
  void unchanged(Work& work);
  void retry_or_fail(Work& work, const Receipt& receipt);
  bool is_worth_a_retry(const Work& work, const Receipt& receipt) const;
  void hold_host(const Work& work, const Receipt& receipt, std::optional<Duration> asked);
  bool heed_host(Work& work, const Receipt& receipt);
  void put_back(Work& work, const Receipt& receipt, Duration delay);
  bool heed_shortage(Work& work, const Receipt& receipt, TimePoint now);
  bool heed_outage(Work& work, const Receipt& receipt, TimePoint now);
  void fail_given_up();
  void watch_hanging(Work& work);
  void heed_hanging();
  Duration patience() const;
  void heed_beacon();
  void tell_network_is_back();
  void heed_free_space();
  std::optional<TimePoint> next_wake_up() const;
  void fail(Work& work, http::ErrorClass error_class, const std::string& message);
  void fail(Work& work, const FailureFacts& failure);
  void count_failure(Work& work, const FailureFacts& failure);
  void drop(Work& work);
  void name_late(const Work& work, Receipt& receipt);
  std::expected<void, DiskError> place(Receipt& receipt, const std::string& path) const;
  void succeed(Work& work, Receipt& receipt);
  void finish(Work& work, manifest::ItemRow row);
  void forget(const Work& work);
  static bool is_ours(http::ErrorClass error_class);
  void keep(manifest::ItemRow row, Lasting lasting = Lasting::of_the_directory);
  ProgressSnapshot snapshot() const;
  std::vector<Waiting> slowest_hosts(std::size_t most) const;
  static EntryFacts facts_of(const Work& work);
  void heed_signals();
  std::optional<TimePoint> heed_signals_meanwhile();
  void stop_intake(RunEnd why, std::string reason);
  void cancel_running();
  bool list_ended() const { return !intake_ || lists_.empty(); }
  FailedItem describe(const Work& work, http::ErrorClass error_class, std::string_view message) const;

  const RunPlan plan_;
  std::deque<ListReader> lists_;
  NamePlan names_;
  Ledger& ledger_;
  Executor& executor_;
  Reporter& reporter_;
  const cli::InterruptWatch& interrupts_;

  /// A look at a request that may hang.
  struct Look {
    TimePoint when;
    Id id;
    TimePoint begun;          // of the request that is meant
    TimePoint last_heard;     // when something was last known to have come
    std::uint64_t heard = 0;  // until then
  };

  Scheduler scheduler_;
  BoundTimes bound_;
  Outage outage_;
  Beacon beacon_;
  TimePoint outage_began_{};
  std::deque<Look> looks_;  // by time
  TimePoint space_looked_at_{};
  bool told_shortage_ = false;
  Completions completions_;
  BatchPatience batch_patience_;
  std::unordered_map<Id, Work> works_;
  std::unordered_map<Id, Future<Receipt>> running_;
  const std::function<std::vector<Waiting>(std::size_t)> slowest_ = [this](std::size_t most) {
    return slowest_hosts(most);
  };
  Repeats urls_;
  std::size_t repeats_waiting_ = 0;
  bool has_more_to_pull_ = false;
  TimePoint reaped_{};
  std::mt19937_64 random_{std::random_device{}()};
  Totals totals_;

  bool intake_ = true;
  int signals_heeded_ = 0;
  std::optional<TimePoint> grace_ends_;
  std::optional<LoopSignals> meanwhile_;  // with RunPlan::runs_in_submit
  RunEnd end_ = RunEnd::complete;
  std::string reason_;
};

}  // namespace overlap::get
