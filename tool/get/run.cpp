#include "get/run.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <overlap/core/hook.hpp>

#include "get/url.hpp"

namespace overlap::get {
namespace {

// How far the list is read ahead of what runs: enough to find work for other hosts behind a long stretch of one.
constexpr std::size_t kReadAhead = 4096;
constexpr int kAtOnce = 4096;  // entries taken before the rest of the loop has its turn
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

constexpr const char* kHowToGoOn = "--force fetches the whole list anew; -P puts another list into another directory";

http::ErrorClass class_of(std::string_view text) {
  for (int value = 0; value <= static_cast<int>(http::ErrorClass::interrupted); ++value) {
    const auto candidate = static_cast<http::ErrorClass>(value);
    if (http::to_string(candidate) == text) return candidate;
  }
  return http::ErrorClass::interrupted;  // of another version of the program
}

/// Whether the failure is this machine's, and says nothing of the URL.
bool is_ours(http::ErrorClass error_class) {
  return error_class == http::ErrorClass::disk || error_class == http::ErrorClass::interrupted;
}

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
      scheduler_(plan_.pacing) {}

RunEnd Run::execute() {
  while (true) {
    heed_signals();
    pull();
    start_what_may();
    reporter_.progress({totals_, scheduler_.running(), scheduler_.queued(), list_ended()});
    if (scheduler_.is_empty() && list_ended()) break;
    wait();
    reap();
  }
  return end_;
}

// ---- Intake

void Run::pull() {
  has_more_to_pull_ = false;
  // What is done already passes at once, so the queue alone would not bound a turn.
  for (int taken = 0; !list_ended() && scheduler_.queued() + repeats_waiting_ < read_ahead(); ++taken) {
    has_more_to_pull_ = taken == kAtOnce;
    if (has_more_to_pull_) return;
    // A list that is silent (a pipe) must not hold up what runs.
    const bool has_other_work = !scheduler_.is_empty();
    if (!lists_.front().is_ready(std::chrono::milliseconds(has_other_work ? 0 : 100))) return;
    if (!take_entry()) end_list();
    // So that the first requests leave before a long list has been read ahead.
    if (scheduler_.running() < plan_.pacing.max_concurrent) start_what_may();
  }
}

std::size_t Run::read_ahead() const { return std::max(kReadAhead, 2 * plan_.pacing.max_concurrent); }

bool Run::take_entry() {
  ListReader& list = lists_.front();
  std::optional<ListEntry> entry = list.next();
  if (!entry) {
    if (list.error()) stop_intake(RunEnd::list_failed, *list.error());
    return false;
  }
  ++totals_.items;
  // Every list counts its own entries; the run counts them through.
  std::visit([this](auto& one) { one.ordinal = totals_.items; }, *entry);
  const manifest::EarlierRow* const earlier = ledger_.earlier(totals_.items);
  if (auto* const item = std::get_if<Item>(&*entry)) {
    accept(*item, earlier);
  } else {
    refuse(std::get<BadLine>(*entry), earlier);
  }
  return true;
}

void Run::end_list() {
  lists_.pop_front();
  if (!intake_ || !lists_.empty() || ledger_.last_ordinal() <= totals_.items) return;
  stop_intake(RunEnd::list_changed, fmt::format("the list has {} entries, and an earlier run got as far as the {}th: "
                                                "it was cut. {}",
                                                totals_.items, ledger_.last_ordinal(), kHowToGoOn));
}

void Run::refuse(const BadLine& line, const manifest::EarlierRow* earlier) {
  if (earlier != nullptr && earlier->url != line.text) return list_changed(line.ordinal, earlier->url, line.text);
  ++totals_.bad_input;
  reporter_.failed({line.ordinal, line.line, line.text, http::ErrorClass::bad_input, line.why, 0});
  if (earlier == nullptr) ledger_.record(bad_input_row(line));
}

void Run::accept(Item& item, const manifest::EarlierRow* earlier) {
  // Most of a long list that is resumed: what is done, by the spelling that was stored, needs no closer look.
  const bool is_plain = earlier != nullptr && !plan_.dedupe && !names_.needs_every_item() && earlier->url == item.url;
  if (is_plain && settle(*earlier)) return;
  const auto url = parse_url(item.url);
  if (!url) return refuse({item.ordinal, item.line, redacted(item.url), url.error()}, earlier);
  if (earlier != nullptr && earlier->url != url->display()) {
    return list_changed(item.ordinal, earlier->url, url->display());
  }
  Work work = work_for(item, *url);
  if (earlier != nullptr && earlier->state == manifest::State::ok && earlier->path != work.job.path) {
    // An entry before this one has another URL than it had, so other names are taken.
    return list_changed(item.ordinal, earlier->path, work.job.path);
  }
  if (plan_.dedupe && is_repeat(item, *url, earlier)) return;
  if (earlier != nullptr && !is_plain && settle(*earlier)) return;
  if (earlier != nullptr && plan_.timestamping) work.stored = stored_body(*earlier);
  for (auto& [name, value] : item.headers) work.job.headers.add(std::move(name), std::move(value));
  scheduler_.add(item.ordinal, work.host);
  works_.emplace(item.ordinal, std::move(work));
}

Run::Work Run::work_for(const Item& item, const Url& url) {
  Work work;
  work.line = item.line;
  work.shown = url.display();
  work.host = url.host_key();
  work.job.id = item.ordinal;
  work.job.url = url.request();
  work.job.config = plan_.config;
  if (url.credentials()) {
    work.job.user = url.credentials()->user;
    work.job.password = url.credentials()->password;
  }
  if (!plan_.config->directory.empty()) work.job.path = names_.path_for(item, url);
  return work;
}

// ---- What earlier runs have done

/// What there is to ask the server about, whether it has changed.
std::optional<manifest::ItemRow> Run::stored_body(const manifest::EarlierRow& earlier) {
  return ledger_.is_in_place(earlier) ? ledger_.find(earlier.ordinal) : std::nullopt;
}

/// Whether the outcome of an earlier run stands.
bool Run::settle(const manifest::EarlierRow& earlier) {
  switch (earlier.state) {
    case manifest::State::ok:
      if (plan_.timestamping || !ledger_.is_in_place(earlier)) return false;
      ++totals_.skipped;
      return true;
    case manifest::State::failed:
      if (plan_.retry_failed || earlier.may_pass) return false;
      ++totals_.failed;
      ++totals_.failed_before;
      ++totals_.errors[class_of(earlier.error_class)];
      return true;
    case manifest::State::bad_input:
      break;  // by another version, which read URLs otherwise
  }
  return false;
}

void Run::list_changed(std::uint64_t ordinal, std::string_view was, std::string_view is) {
  --totals_.items;  // it has no outcome: nothing of the list counts from here on
  stop_intake(RunEnd::list_changed,
              fmt::format("the list changed since the run that is to be resumed: its entry {} was {} and is {}. {}",
                          ordinal, was, is, kHowToGoOn));
}

/// Whether another entry is, or was, fetched for this one.
bool Run::is_repeat(const Item& item, const Url& url, const manifest::EarlierRow* earlier) {
  const auto first = urls_.first_of(url.request(), item.ordinal);
  if (!first) return false;
  const Repeat repeat{item.ordinal, item.line};
  if (const auto work = works_.find(*first); work != works_.end()) {
    if (work->second.shown != url.display()) return false;  // two URLs with one hash
    work->second.repeats.push_back(repeat);
    ++repeats_waiting_;
    return true;
  }
  if (earlier != nullptr && settle(*earlier)) return true;
  const auto row = ledger_.find(*first);
  if (!row || row->url != url.display()) return false;
  settle_repeat(*row, repeat);
  return true;
}

void Run::settle_repeat(manifest::ItemRow row, Repeat repeat) {
  if (row.same_as == 0) row.same_as = row.ordinal;
  row.ordinal = repeat.ordinal;
  row.line = repeat.line;
  if (row.state == manifest::State::ok) {
    ++totals_.ok;
    ++totals_.repeated;
  } else {
    ++totals_.failed;
    ++totals_.errors[class_of(row.error_class)];
  }
  ledger_.record(std::move(row));
}

// ---- Running

void Run::start_what_may() {
  while (const std::optional<Id> id = scheduler_.start_next(Clock::now())) {
    Work& work = works_.at(*id);
    ++work.tries;
    if (work.started == std::chrono::system_clock::time_point{}) work.started = std::chrono::system_clock::now();
    set_conditions(work);
    try {
      const auto [place, added] = running_.emplace(*id, executor_.submit(&fetch_one, work.job));
      completions_.watch(*id, place->second);
    } catch (const BrokenExecutor& error) {  // shut down or broken: nothing more can run
      scheduler_.finish(work.host);
      fail(work, http::ErrorClass::interrupted, error.what());
      stop_intake(RunEnd::broken, error.what());
    }
  }
}

void Run::wait() {
  int timeout = static_cast<int>(kProgressEvery.count());
  if (const auto wake_up = scheduler_.next_wake_up()) timeout = std::min(timeout, milliseconds_until(*wake_up));
  if (grace_ends_) timeout = std::min(timeout, milliseconds_until(*grace_ends_));
  // More of the list may be there to read: only look.
  const bool may_pull = !list_ended() && scheduler_.queued() < kReadAhead;
  if (has_more_to_pull_ || (may_pull && scheduler_.running() == 0 && scheduler_.queued() == 0)) timeout = 0;
  pollfd watched[] = {{completions_.descriptor(), POLLIN, 0}, {interrupts_.descriptor(), POLLIN, 0}};
  poll(watched, std::size(watched), timeout);
}

void Run::reap() {
  for (Completions::Ended& one : completions_.take()) ended(std::move(one));
  // Before anything is started in place of what has ended: so no more than was in flight can be lost.
  if (const auto kept = ledger_.commit(); !kept) {
    stop_intake(kept.error().is_full ? RunEnd::disk_full : RunEnd::unrecorded, kept.error().message);
  }
}

void Run::ended(Completions::Ended ended) {
  const auto found = works_.find(ended.id);
  Work& work = found->second;
  running_.erase(ended.id);
  scheduler_.finish(work.host);
  if (ended.error) {
    crashed(work, ended.error);
    return;
  }
  const Receipt& receipt = ended.receipt;
  switch (receipt.outcome) {
    case Receipt::Outcome::ok:
      succeed(work, receipt);
      break;
    case Receipt::Outcome::exists:
      ++totals_.skipped;
      finish(work, ok_row(facts_of(work), receipt));
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

void Run::succeed(Work& work, const Receipt& receipt) {
  ++totals_.ok;
  totals_.bytes += receipt.bytes;
  totals_.latency.record(receipt.seconds);
  reporter_.saved(work.shown, receipt.path, receipt.bytes);
  finish(work, ok_row(facts_of(work), receipt));
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
  work.job.user = request.user;
  work.job.password = request.password;
  work.job.session_credentials = request.session_credentials;
  work.host = target.host_key();
}

void Run::retry_or_fail(Work& work, const Receipt& receipt) {
  const bool worth_it = receipt.may_retry || plan_.retry.retries_status(receipt.status);
  if (receipt.error_class == http::ErrorClass::disk) {
    // Nothing else will fit either; what is done is kept.
    if (receipt.disk_is_full) stop_intake(RunEnd::disk_full, receipt.message);
  }
  const FailureFacts failure{receipt.error_class, receipt.message, worth_it || is_ours(receipt.error_class),
                             receipt.status, std::chrono::duration<double>(receipt.seconds).count()};
  if (!worth_it || !intake_) {
    fail(work, failure);
    return;
  }
  const auto asked = http::parse_retry_after(receipt.retry_after, std::chrono::system_clock::now());
  const auto delay = plan_.retry.next_delay(work.tries, asked, random_);
  if (!delay) {
    fail(work, failure);
    return;
  }
  ++totals_.retries;
  reporter_.retrying(describe(work, receipt.error_class, receipt.message), *delay);
  const TimePoint when = deadline_after(*delay);
  // A server that says when to come back says it for all of its pages.
  if (asked) scheduler_.hold(work.host, deadline_after(std::min(*asked, plan_.retry.max_server_delay)));
  scheduler_.add_later(work.job.id, work.host, when);
}

void Run::fail(Work& work, http::ErrorClass error_class, const std::string& message) {
  fail(work, FailureFacts{error_class, message, is_ours(error_class), 0, 0});
}

void Run::fail(Work& work, const FailureFacts& failure) {
  ++totals_.failed;
  ++totals_.errors[failure.error_class];
  reporter_.failed(describe(work, failure.error_class, failure.message));
  finish(work, failed_row(facts_of(work), failure));
  if (plan_.fail_early) stop_intake(RunEnd::failed_early, "stopped at the first failure (--fail-early)");
}

void Run::finish(Work& work, const manifest::ItemRow& row) {
  for (const Repeat& repeat : work.repeats) settle_repeat(row, repeat);
  ledger_.record(row);
  forget(work);
}

void Run::forget(const Work& work) {
  repeats_waiting_ -= work.repeats.size();
  works_.erase(work.job.id);
}

EntryFacts Run::facts_of(const Work& work) {
  return {work.job.id, work.line, work.shown, work.job.url, work.tries, work.started};
}

FailedItem Run::describe(const Work& work, http::ErrorClass error_class, std::string_view message) const {
  return {work.job.id, work.line, work.shown, error_class, message, work.tries};
}

// ---- Ending early

void Run::heed_signals() {
  interrupts_.acknowledge();
  const int count = interrupts_.count();
  if (count > 0 && signals_heeded_ == 0) {
    grace_ends_ = deadline_after(plan_.grace);
    reporter_.note(fmt::format("stopping: waiting for {} running requests (again to stop at once)", running_.size()));
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
  ++totals_.failed;
  ++totals_.errors[http::ErrorClass::interrupted];
  finish(work, failed_row(facts_of(work), {http::ErrorClass::interrupted, "not fetched: " + reason_, true, 0, 0}));
}

void Run::cancel_running() {
  for (auto& [id, future] : running_) future.request_stop();
  if (plan_.force_stop) plan_.force_stop();
}

}  // namespace overlap::get
