// What a run makes of the trouble of hosts, of the network and of its own machine: when to try again, what to leave
// alone meanwhile, and what to give up.
#include <sys/statvfs.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/units.hpp"
#include "get/run.hpp"
#include "get/shared_bandwidth.hpp"

namespace overlap::get {
namespace {

constexpr Duration kMostPatience = std::chrono::seconds(2);  // with a request that is silent
constexpr Duration kLookEvery = std::chrono::milliseconds(200);
constexpr std::uint64_t kEnoughAnswers = 20;  // to tell from how long an answer takes
constexpr Duration kSpaceEvery = std::chrono::milliseconds(100);
constexpr int kShortagesAlone = 20;  // tries that find nothing left though nothing else of the run uses any

bool is_overloaded(int status) { return status == 429 || status == 503; }

HostSign sign_of(const Receipt& receipt) {
  using http::ErrorClass;
  if (receipt.out_of_resources || receipt.outcome == Receipt::Outcome::exists) return HostSign::none;
  if (is_overloaded(receipt.status)) return HostSign::overloaded;
  if (receipt.status != 0) return HostSign::answered;
  switch (receipt.error_class) {
    case ErrorClass::dns:
    case ErrorClass::connect:
    case ErrorClass::timeout:
      return HostSign::silent;
    case ErrorClass::tls:
    case ErrorClass::protocol:
    case ErrorClass::truncated:
      return HostSign::answered;
    default:
      return HostSign::none;
  }
}

/// Without what a new connection costs: how many there are is this run's doing. Nothing where the answer broke off.
std::optional<Served> took_of(const Receipt& receipt) {
  const http::Timings& when = receipt.timings;
  if (when.total <= Duration::zero() || when.first_byte <= Duration::zero()) return std::nullopt;
  const Duration ready = std::max({when.name_lookup, when.connect, when.tls});
  const Duration first = std::max(Duration::zero(), when.first_byte - ready);
  return Served{first, std::max(first, when.total - ready), receipt.bytes};
}

bool is_repeatable(std::string_view method) {
  constexpr std::string_view kKnown[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};  // RFC 9110, 9.2.2
  return std::ranges::find(kKnown, method) != std::end(kKnown);
}

}  // namespace

/// Whether the failure is this machine's, and says nothing of the URL.
bool Run::is_ours(http::ErrorClass error_class) {
  return error_class == http::ErrorClass::disk || error_class == http::ErrorClass::interrupted;
}

// ---- Starting

std::optional<Run::Id> Run::next_to_start(TimePoint now) {
  if (!outage_.is_out()) return scheduler_.start_next(now);
  outage_.set_beacon(beacon_.is_known());
  if (!outage_.may_start(now)) return std::nullopt;
  const auto probe = scheduler_.start_next(now);
  if (!probe) outage_.put_off_probe(now);
  // An attempt that is still under way has had all the time since the last probe.
  const bool was_waited_for = beacon_.descriptor() >= 0;
  if (!beacon_.light() || was_waited_for) outage_.beacon_missed();
  return probe;
}

void Run::note_bound(TimePoint now) {
  if (!bound_.is_due(now)) return;
  Bound bound = outage_.is_out() ? Bound::network : scheduler_.bound(now);
  if (bound == Bound::end && !list_ended()) bound = Bound::list;
  bound_.look(bound, now);
}

std::optional<TimePoint> Run::next_wake_up() const {
  return outage_.is_out() ? outage_.next_wake_up() : scheduler_.next_wake_up();
}

// ---- What the end of a request says of its host

/// Tells the schedule. True if the request is to be made again, as if it had not been made: it failed for want of a
/// network or of descriptors.
bool Run::heed_host(Work& work, const Receipt& receipt) {
  const TimePoint now = Clock::now();
  const bool is_silent = sign_of(receipt) == HostSign::silent;
  if (is_silent && heed_outage(work, receipt, now)) return true;
  Scheduler::Ending ending{.sign = sign_of(receipt), .started = work.sent, .was_lent = work.is_lent};
  if (is_silent) {
    ending.is_lookup = receipt.error_class == http::ErrorClass::dns && receipt.may_retry;
    ending.trouble = {receipt.error_class, receipt.message};
  }
  ending.is_refusal = receipt.status == 429;
  if (ending.sign == HostSign::answered) ending.took = took_of(receipt);
  scheduler_.finish(work.host, ending, now);
  if (receipt.out_of_resources) {
    outage_.inconclusive(work.sent, now);
    return heed_shortage(work, receipt, now);
  }
  if (is_silent && scheduler_.is_down(work.host)) {
    reporter_.note(fmt::format("{} is down ({}): what is left of it is not asked for in this run for now", work.host,
                               receipt.message));
  }
  if (ending.sign != HostSign::answered && ending.sign != HostSign::overloaded) {
    outage_.inconclusive(work.sent, now);
    return false;
  }
  beacon_.remember(receipt.remote_address);
  if (outage_.answered()) {
    beacon_.put_out();
    tell_network_is_back();
  }
  return false;
}

bool Run::heed_outage(Work& work, const Receipt& receipt, TimePoint now) {
  const bool is_lookup = receipt.error_class == http::ErrorClass::dns;
  if (is_lookup && !receipt.may_retry) return false;  // somebody has answered that there is no such name
  const bool was_out = outage_.is_out();
  if (!outage_.unreachable(work.host, is_lookup, work.sent, now)) return false;
  if (!was_out) {
    ++totals_.outages;
    outage_began_ = now;
    scheduler_.forgive();
    if (!beacon_.light()) outage_.beacon_missed();
    reporter_.note(fmt::format("no host can be reached any more ({}): waiting for the network", receipt.message));
  }
  scheduler_.finish(work.host, {.started = work.sent, .was_lent = work.is_lent}, now);
  put_back(work, receipt, {});
  return true;
}

void Run::heed_beacon() {
  if (!beacon_.is_seen()) return outage_.beacon_missed();
  const Outage::Finding finding = outage_.beacon_reached();
  if (finding == Outage::Finding::network_back) tell_network_is_back();
  if (finding == Outage::Finding::hosts_at_fault) reporter_.note("the network is there: it is the hosts that are not");
}

void Run::tell_network_is_back() {
  reporter_.note(fmt::format("the network is back after {}", cli::format_duration(Clock::now() - outage_began_)));
}

/// Out of descriptors or ports: fewer at a time, and again when others have given theirs back.
bool Run::heed_shortage(Work& work, const Receipt& receipt, TimePoint now) {
  scheduler_.shrink(work.sent, now);
  if (++work.shortages > kShortagesAlone && scheduler_.running() == 0) return false;
  if (!std::exchange(told_shortage_, true)) {
    reporter_.note(fmt::format("{}: fewer requests at a time ({} for now)", receipt.message, scheduler_.allowed()));
  }
  put_back(work, receipt, std::chrono::milliseconds(50) * std::min(work.shortages, 20));
  return true;
}

/// Nothing of it counts as a try.
void Run::put_back(Work& work, const Receipt& receipt, Duration delay) {
  if (!intake_) {
    fail(work, FailureFacts{receipt.error_class, receipt.message, true, 0, 0});
    return;
  }
  --work.tries;
  if (delay > Duration::zero()) {
    scheduler_.add_later(work.job.id, work.host, deadline_after(delay));
  } else {
    scheduler_.add_first(work.job.id, work.host);
  }
}

/// What waits for a host that is down. Worth no line each: there may be very many, for one reason.
void Run::fail_given_up() {
  for (const Scheduler::GivenUp& one : scheduler_.take_given_up()) {
    Work& work = works_.at(one.id);
    const std::string message = "its host is down: " + one.trouble.message;
    count_failure(work, FailureFacts{one.trouble.error_class, message, true, 0, 0});
  }
}

// ---- Trying again

bool Run::is_worth_a_retry(const Work& work, const Receipt& receipt) const {
  if (!receipt.may_retry && !plan_.retry.retries_status(receipt.status)) return false;
  return plan_.retry_all || is_repeatable(request_of(work.job).method);
}

void Run::retry_or_fail(Work& work, const Receipt& receipt) {
  if (receipt.error_class == http::ErrorClass::disk) {
    // Nothing else will fit either; what is done is kept.
    if (receipt.disk_is_full) stop_intake(RunEnd::disk_full, receipt.message);
  }
  const auto asked = http::parse_retry_after(receipt.retry_after, std::chrono::system_clock::now());
  hold_host(work, receipt, asked);
  // 407 is of the proxy, and says nothing of the entry: in vain in this run, but not for good.
  const bool may_pass = receipt.may_retry || plan_.retry.retries_status(receipt.status) ||
                        is_ours(receipt.error_class) || receipt.status == 407;
  const FailureFacts failure{receipt.error_class, receipt.message, may_pass, receipt.status,
                             std::chrono::duration<double>(receipt.seconds).count()};
  const bool is_last = !intake_ || !is_worth_a_retry(work, receipt) || scheduler_.is_down(work.host);
  const auto delay = is_last ? std::nullopt : plan_.retry.next_delay(work.tries, asked, random_);
  if (!delay) return fail(work, failure);
  const TimePoint when = deadline_after(*delay);
  const bool is_too_late = plan_.retry_max_time > Duration::zero() && when - work.first_sent > plan_.retry_max_time;
  if (is_too_late) return fail(work, failure);
  ++totals_.retries;
  const FailedItem failed = describe(work, receipt.error_class, receipt.message);
  reporter_.retrying(failed, *delay);
  if (plan_.log != nullptr) plan_.log->retry(failed, *delay);
  scheduler_.add_later(work.job.id, work.host, when);
}

/// A server that says when to come back says it for all of its pages; one that says "too much" without a time, too, is
/// left alone for a while, longer each time.
void Run::hold_host(const Work& work, const Receipt& receipt, std::optional<Duration> asked) {
  const int overloads = is_overloaded(receipt.status) ? scheduler_.overloads(work.host) : 0;
  // A page that is out of order says 503 too: only the second one in a row tells of the host.
  const int enough = receipt.status == 429 ? 1 : 2;
  Duration duration{};
  if (asked) {
    duration = std::min(*asked, plan_.retry.max_server_delay);
  } else if (overloads >= enough) {
    http::RetryPolicy patient = plan_.retry;
    patient.max_retries = overloads;
    duration = patient.next_delay(overloads, std::nullopt, random_).value_or(Duration::zero());
  }
  if (duration <= Duration::zero()) return;
  const Duration added = scheduler_.hold(work.host, deadline_after(duration));
  if (added <= Duration::zero()) return;
  totals_.held += added;
  if (added < duration) return;  // it was held already
  ++totals_.holds;
  reporter_.holding(work.host, duration,
                    asked ? fmt::format("HTTP status {} with Retry-After", receipt.status)
                          : fmt::format("HTTP status {}", receipt.status));
}

// ---- What hangs, and what fills up

void Run::watch_hanging(Work& work) {
  work.is_lent = false;
  if (plan_.pacing.spare == 0) return;
  work.job.heard = &work.heard.bytes;
  work.heard.bytes.store(0, std::memory_order_relaxed);  // of earlier tries
  looks_.push_back({work.sent + kLookEvery, work.job.id, work.sent, work.sent, 0});
}

/// How long a request without an answer may be silent before it is said to hang: the longer, the longer answers take in
/// this run.
Duration Run::patience() const {
  // Silent is also who waits for its turn within the limit; those that are under way have one after the other.
  if (plan_.config->limit_rate != 0)
    return std::max(kMostPatience, 2 * SharedBandwidth::turn(plan_.config->limit_rate) *
                                       static_cast<Duration::rep>(scheduler_.running()));
  if (totals_.latency.count() < kEnoughAnswers) return kMostPatience;
  return std::clamp(4 * totals_.latency.quantile(0.95), Duration(kLookEvery), kMostPatience);
}

/// A request that hangs gives up its place, so that the others go on as if it were not there.
void Run::heed_hanging() {
  const TimePoint now = Clock::now();
  if (looks_.empty() || looks_.front().when > now) return;
  const Duration enough = patience();
  while (!looks_.empty() && looks_.front().when <= now) {
    Look look = looks_.front();
    looks_.pop_front();
    const auto found = works_.find(look.id);
    if (found == works_.end() || found->second.sent != look.begun || !running_.contains(look.id)) continue;
    Work& work = found->second;
    const std::uint64_t heard = work.heard.bytes.load(std::memory_order_relaxed);
    if (heard == kHeardAll) continue;  // what it still does is done here
    // Of a body that comes slowly, or of all of them where they are told to, pieces may be far between.
    const bool is_lendable = heard == 0 || plan_.config->limit_rate == 0;
    if (heard != look.heard) {
      look.last_heard = now;
    } else if (is_lendable && now - look.last_heard >= (heard == 0 ? enough : kMostPatience)) {
      work.is_lent = scheduler_.lend(work.host, work.sent);
      if (work.is_lent) continue;
    }
    look.when = now + kLookEvery;
    look.heard = heard;
    looks_.push_back(look);
  }
}

void Run::heed_free_space() {
  if (plan_.min_free_space == 0 || !intake_ || plan_.config->directory.empty()) return;
  const TimePoint now = Clock::now();
  if (now - space_looked_at_ < kSpaceEvery) return;
  space_looked_at_ = now;
  struct statvfs space{};
  if (statvfs(plan_.config->directory.c_str(), &space) != 0) return;
  const std::uint64_t free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  if (free >= plan_.min_free_space) return;
  stop_intake(RunEnd::disk_full,
              fmt::format("only {} are free in {}, and --min-free-space asks for {}", cli::format_size(free),
                          plan_.config->directory, cli::format_size(plan_.min_free_space)));
}

}  // namespace overlap::get
