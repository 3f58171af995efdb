#include "get/run.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include <overlap/core/hook.hpp>

#include "get/url.hpp"

namespace overlap::get {
namespace {

constexpr auto kProgressEvery = std::chrono::milliseconds(100);
constexpr std::size_t kShareOfABatch = 2;  // a batch is so much of what runs: the rest keeps the executor busy

int milliseconds_until(TimePoint when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

Run::Run(RunPlan plan, std::vector<ListReader> lists, NamePlan names, Ledger& ledger, Executor& executor,
         Reporter& reporter, const cli::InterruptWatch& interrupts)
    : plan_(std::move(plan)),
      lists_(std::make_move_iterator(lists.begin()), std::make_move_iterator(lists.end())),
      names_(std::move(names)),
      ledger_(ledger),
      executor_(executor),
      reporter_(reporter),
      interrupts_(interrupts),
      scheduler_(plan_.pacing),
      outage_(plan_.retry.base_delay) {
  if (plan_.runs_in_submit) meanwhile_.emplace(interrupts_.descriptor(), [this] { return heed_signals_meanwhile(); });
}

RunEnd Run::execute() {
  while (true) {
    heed_signals();
    heed_free_space();
    heed_hanging();
    pull();
    start_what_may();
    fail_given_up();
    reporter_.progress(snapshot());
    if (scheduler_.is_empty() && list_ended()) break;
    wait();
    reap();
  }
  const TimePoint now = Clock::now();
  bound_.end(now);
  totals_.held -= std::min(totals_.held, scheduler_.still_held(now));  // nobody waited for that
  return end_;
}

std::optional<Scheduler::Found> Run::found() const {
  const auto& found = scheduler_.found();
  return found && found->most > 0 ? found : std::nullopt;
}

ProgressSnapshot Run::snapshot() const {
  const std::optional<std::size_t> found = plan_.pacing.are_found ? std::optional(scheduler_.for_now()) : std::nullopt;
  std::optional<HeldHost> held;
  if (scheduler_.running() == 0 && scheduler_.queued() > 0) {
    if (auto next = scheduler_.next_released(Clock::now())) held = HeldHost{std::move(next->host), next->left};
  }
  return {totals_, scheduler_.running(), scheduler_.queued(), found, list_ended(), std::move(held), slowest_};
}

std::vector<Waiting> Run::slowest_hosts(std::size_t most) const {
  const TimePoint now = Clock::now();
  std::unordered_map<std::string_view, Waiting> by_host;
  for (const auto& [id, future] : running_) {
    const Work& work = works_.at(id);
    Waiting& host = by_host[work.host];
    host.longest = std::max<Duration>(host.longest, now - work.sent);
    ++host.running;
  }
  std::vector<Waiting> hosts;
  for (auto& [name, host] : by_host) {
    host.host = name;
    hosts.push_back(std::move(host));
  }
  const std::size_t kept = std::min(most, hosts.size());
  std::ranges::partial_sort(hosts, hosts.begin() + static_cast<std::ptrdiff_t>(kept), std::ranges::greater{},
                            &Waiting::longest);
  hosts.resize(kept);
  return hosts;
}

// ---- Running

void Run::start_what_may() {
  while (true) {
    const TimePoint now = Clock::now();
    const std::optional<Id> id = next_to_start(now);
    if (!id) return note_bound(now);
    start(*id);
  }
}

void Run::start(Id id) {
  Work& work = works_.at(id);
  ++work.tries;
  work.sent = Clock::now();
  if (plan_.trace != nullptr) plan_.trace->sent(id, work.job.url, work.sent);
  if (work.started == std::chrono::system_clock::time_point{}) {
    work.started = std::chrono::system_clock::now();
    work.first_sent = work.sent;
  }
  set_conditions(work);
  watch_hanging(work);
  try {
    const auto [place, added] = running_.insert_or_assign(id, submit(id, work.job));
    completions_.watch(id, place->second);
  } catch (const BrokenExecutor& error) {  // shut down or broken: nothing more can run
    scheduler_.finish(work.host, {.started = work.sent, .was_lent = work.is_lent}, work.sent);
    fail(work, http::ErrorClass::interrupted, error.what());
    stop_intake(RunEnd::broken, error.what());
  }
}

/// There is no future of a request that runs within submit() until it has ended; so that it can be asked to stop, it is
/// known by another one meanwhile.
Future<Receipt> Run::submit(Id id, const FetchJob& job) {
  if (!plan_.runs_in_submit) return executor_.submit(&fetch_one, job);
  const auto begun = [this, id](Future<Receipt> fetched) { running_.emplace(id, std::move(fetched)); };
  return executor_.submit(&fetch_and_tell, job, begun);
}

void Run::wait() {
  int timeout = static_cast<int>(kProgressEvery.count());
  if (const auto wake_up = next_wake_up()) timeout = std::min(timeout, milliseconds_until(*wake_up));
  if (grace_ends_) timeout = std::min(timeout, milliseconds_until(*grace_ends_));
  // More of the list may be there to read: only look.
  const bool may_pull = !list_ended() && scheduler_.queued() < read_ahead();
  if (has_more_to_pull_ || (may_pull && scheduler_.running() == 0 && scheduler_.queued() == 0)) timeout = 0;
  pollfd watched[] = {{completions_.descriptor(), POLLIN, 0},
                      {interrupts_.descriptor(), POLLIN, 0},
                      {beacon_.descriptor(), POLLOUT, 0}};  // -1 is passed over
  poll(watched, std::size(watched), timeout);
  if (watched[2].revents != 0) heed_beacon();
  // With requests that end in quick succession each would have a transaction, and wake this thread, for itself.
  if ((watched[0].revents & POLLIN) == 0) return;
  const std::chrono::microseconds cpu(std::clock());  // POSIX has a million of these a second
  const Duration patience = batch_patience_.at(reaped_, cpu, totals_.latency);
  completions_.linger(scheduler_.running() / kShareOfABatch, reaped_ + patience);
}

void Run::reap() {
  reaped_ = Clock::now();
  for (const Id id : completions_.take()) ended(id);
  // Before anything is started in place of what has ended: so no more than was in flight can be lost.
  if (plan_.log != nullptr) plan_.log->flush();
  if (const auto kept = ledger_.commit(); !kept) {
    stop_intake(kept.error().is_full ? RunEnd::disk_full : RunEnd::unrecorded, kept.error().message);
  }
}

void Run::ended(Id id) {
  Work& work = works_.at(id);
  Future<Receipt> future = std::move(running_.extract(id).mapped());
  Receipt receipt;
  try {
    receipt = std::move(future).result();
  } catch (...) {
    if (plan_.trace != nullptr) plan_.trace->ended(id, nullptr, Clock::now());
    scheduler_.finish(work.host, {.started = work.sent, .was_lent = work.is_lent}, Clock::now());
    outage_.inconclusive(work.sent, Clock::now());
    return crashed(work, std::current_exception());
  }
  if (plan_.trace != nullptr) plan_.trace->ended(id, &receipt, Clock::now());
  work.job.cut = std::move(receipt.cut);
  if (!receipt.part.empty()) name_late(work, receipt);
  if (heed_host(work, receipt)) return;
  switch (receipt.outcome) {
    case Receipt::Outcome::ok:
      succeed(work, receipt);
      break;
    case Receipt::Outcome::exists:
      ++totals_.skipped;
      finish(work, ok_row(facts_of(work), std::move(receipt)));
      break;
    case Receipt::Outcome::unchanged:
      unchanged(work);
      break;
    case Receipt::Outcome::redirect:
      follow(work, receipt);
      break;
    case Receipt::Outcome::failed:
      retry_or_fail(work, receipt);
      break;
  }
}

void Run::succeed(Work& work, Receipt& receipt) {
  ++totals_.ok;
  totals_.bytes += receipt.bytes;
  totals_.latency.record(receipt.seconds);
  reporter_.saved(work.shown, receipt.path, receipt.bytes);
  finish(work, ok_row(facts_of(work), std::move(receipt)));
}

/// Asks only for what is not here yet; of the URL whose body is here, wherever a redirect leads now.
void Run::set_conditions(Work& work) const {
  const bool is_same = work.stored && work.stored->final_url == work.job.url;
  work.job.unless = is_same ? Validators{work.stored->etag, work.stored->last_modified} : Validators{};
}

/// The server has nothing newer. That is worth something only as long as the body is still here.
void Run::unchanged(Work& work) {
  if (ledger_.is_in_place(*work.stored)) {
    ++totals_.skipped;
    const manifest::ItemRow row = *std::move(work.stored);
    for (const Repeat& repeat : work.repeats) settle_repeat(row, repeat);
    forget(work);
    return;
  }
  if (!intake_) {
    fail(work, http::ErrorClass::interrupted, "the run was stopped before it was fetched again");
    return;
  }
  work.stored.reset();
  scheduler_.add_first(work.job.id, work.host);
}

// The executor could not give a receipt: a worker process died, or the job was cancelled.
void Run::crashed(Work& work, const std::exception_ptr& error) {
  Receipt receipt;
  receipt.error_class = http::ErrorClass::interrupted;
  receipt.message = detail::describe(error);
  try {
    std::rethrow_exception(error);
  } catch (const WorkerCrashed&) {
    receipt.may_retry = true;  // the pool has replaced the worker
  } catch (const BrokenExecutor& broken) {
    stop_intake(RunEnd::broken, broken.what());
  } catch (...) {
  }
  retry_or_fail(work, receipt);
}

void Run::follow(Work& work, const Receipt& receipt) {
  if (!intake_) {
    fail(work, http::ErrorClass::interrupted, "the run was stopped before this redirect was followed");
    return;
  }
  if (++work.hops > plan_.max_redirects) {
    fail(work, http::ErrorClass::redirect, fmt::format("more than {} redirects", plan_.max_redirects));
    return;
  }
  http::Request request = request_of(work.job);
  http::Response response;
  response.status = receipt.status;
  response.final_url = work.job.url;
  if (!receipt.location.empty()) response.headers.add("Location", receipt.location);
  const auto next = http::redirected(std::move(request), response);
  if (!next) {
    fail(work, next.error().error_class, next.error().message);
    return;
  }
  const auto target = parse_url(next->url);
  if (!target) {
    fail(work, http::ErrorClass::redirect, fmt::format("redirected to {}: {}", redacted(next->url), target.error()));
    return;
  }
  go_on_at(work, *next, *target);
  work.tries = 0;
  scheduler_.add_first(work.job.id, work.host);
}

// What may not go along to another origin is no longer in the request that redirected() gives.
void Run::go_on_at(Work& work, const http::Request& request, const Url& target) {
  work.job.url = target.request();
  work.job.send_config_headers = false;
  work.job.headers = request.headers;
  work.job.as_get = work.job.as_get || request.method != work.job.config->method;
  work.job.user = request.user;
  work.job.password = request.password;
  work.job.session_credentials = request.session_credentials;
  work.host = target.host_key();
}

void Run::fail(Work& work, http::ErrorClass error_class, const std::string& message) {
  fail(work, FailureFacts{error_class, message, is_ours(error_class), 0, 0});
}

void Run::fail(Work& work, const FailureFacts& failure) {
  reporter_.failed(describe(work, failure.error_class, failure.message));
  count_failure(work, failure);
}

void Run::count_failure(Work& work, const FailureFacts& failure) {
  ++totals_.failed;
  ++totals_.errors[failure.error_class];
  totals_.failures.add(failure.error_class, failure.may_pass, failure.message, work.shown, work.line);
  finish(work, failed_row(facts_of(work), failure));
  if (plan_.fail_early) stop_intake(RunEnd::failed_early, "stopped at the first failure (--fail-early)");
}

void Run::finish(Work& work, manifest::ItemRow row) {
  // The body that is here could not be asked about: what is known of it stays true.
  const bool is_of_the_run = row.state == manifest::State::failed && work.stored && ledger_.is_in_place(*work.stored);
  for (const Repeat& repeat : work.repeats) {
    const auto known = is_of_the_run ? ledger_.find(repeat.ordinal) : std::nullopt;
    const bool is_known = known && known->state == manifest::State::ok;
    settle_repeat(row, repeat, is_known ? Lasting::of_the_run : Lasting::of_the_directory);
  }
  keep(std::move(row), is_of_the_run ? Lasting::of_the_run : Lasting::of_the_directory);
  forget(work);
}

/// The one place that outcomes go through.
void Run::keep(manifest::ItemRow row, Lasting lasting) {
  if (plan_.log != nullptr) plan_.log->outcome(row);
  if (lasting == Lasting::of_the_directory) ledger_.record(std::move(row));
}

void Run::forget(const Work& work) {
  if (!work.job.cut.empty() && plan_.directory) plan_.directory->drop_part(work.job.cut.part);
  repeats_waiting_ -= work.repeats.size();
  works_.erase(work.job.id);
}

EntryFacts Run::facts_of(const Work& work) {
  return {work.job.id, work.line, work.shown, work.job.url, work.tries, work.started, work.kept};
}

FailedItem Run::describe(const Work& work, http::ErrorClass error_class, std::string_view message) const {
  return {work.job.id, work.line, work.shown, error_class, message, work.tries};
}

// ---- Ending early

void Run::heed_signals() {
  interrupts_.acknowledge();
  if (interrupts_.take_status_request()) reporter_.status(snapshot());
  const int count = interrupts_.count();
  if (count > 0 && signals_heeded_ == 0) {
    grace_ends_ = deadline_after(plan_.grace);
    reporter_.note(fmt::format("stopping: waiting for {} running request{} (again to stop at once)", running_.size(),
                               running_.size() == 1 ? "" : "s"));
    stop_intake(RunEnd::interrupted, "interrupted");
  }
  const bool at_once = count > 1 && signals_heeded_ < 2;
  const bool too_long = grace_ends_ && Clock::now() >= *grace_ends_;
  if (at_once || too_long) {
    grace_ends_.reset();
    cancel_running();
  }
  signals_heeded_ = count;
}

/// The same while a request runs within submit(): gives the time when it has had its grace.
std::optional<TimePoint> Run::heed_signals_meanwhile() {
  heed_signals();
  return grace_ends_;
}

void Run::stop_intake(RunEnd why, std::string reason) {
  if (!std::exchange(intake_, false)) return;
  end_ = why;
  reason_ = std::move(reason);
  const std::vector<Id> dropped = scheduler_.drop_queued();
  for (const Id id : dropped) drop(works_.at(id));
  if (!dropped.empty()) reporter_.note(fmt::format("{} entries were read and are not fetched", dropped.size()));
}

/// Counts as a failure, but is worth no line of its own: there may be thousands, for one reason.
void Run::drop(Work& work) {
  // Where there may be no room left, it is for what was stored. What has no row is fetched the next time all the same.
  const bool has_room = end_ != RunEnd::disk_full && end_ != RunEnd::unrecorded;
  const std::uint64_t dropped = has_room ? 1 : 1 + work.repeats.size();
  totals_.failed += dropped;
  totals_.errors[http::ErrorClass::interrupted] += dropped;
  totals_.failures.add(http::ErrorClass::interrupted, true, "not fetched: " + reason_, work.shown, work.line);
  if (!has_room) return forget(work);
  finish(work, failed_row(facts_of(work), {http::ErrorClass::interrupted, "not fetched: " + reason_, true, 0, 0}));
}

void Run::cancel_running() {
  for (auto& [id, future] : running_) future.request_stop();
  if (plan_.force_stop) plan_.force_stop();
}

}  // namespace overlap::get
