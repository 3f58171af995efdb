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
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

int milliseconds_until(TimePoint when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

Run::Run(RunPlan plan, std::vector<ListReader> lists, NamePlan names, Executor& executor, Reporter& reporter,
         const cli::InterruptWatch& interrupts)
    : plan_(std::move(plan)),
      lists_(std::make_move_iterator(lists.begin()), std::make_move_iterator(lists.end())),
      names_(std::move(names)),
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
  while (!list_ended() && scheduler_.queued() < std::max(kReadAhead, 2 * plan_.pacing.max_concurrent)) {
    // A list that is silent (a pipe) must not hold up what runs.
    const bool has_other_work = !scheduler_.is_empty();
    if (!lists_.front().is_ready(std::chrono::milliseconds(has_other_work ? 0 : 100))) return;
    if (!take_entry()) lists_.pop_front();
    // So that the first requests leave before a long list has been read ahead.
    if (scheduler_.running() < plan_.pacing.max_concurrent) start_what_may();
  }
}

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
  if (auto* const item = std::get_if<Item>(&*entry)) {
    accept(std::move(*item));
  } else {
    refuse(std::get<BadLine>(*entry));
  }
  return true;
}

void Run::refuse(const BadLine& line) {
  ++totals_.bad_input;
  reporter_.failed({line.ordinal, line.line, line.text, http::ErrorClass::bad_input, line.why, 0});
}

void Run::accept(Item item) {
  const auto url = parse_url(item.url);
  if (!url) {
    refuse({item.ordinal, item.line, redacted(item.url), url.error()});
    return;
  }
  Work work;
  work.line = item.line;
  work.shown = url->display();
  work.host = url->host_key();
  work.job.id = item.ordinal;
  work.job.url = url->request();
  for (auto& [name, value] : item.headers) work.job.headers.add(std::move(name), std::move(value));
  work.job.config = plan_.config;
  if (url->credentials()) {
    work.job.user = url->credentials()->user;
    work.job.password = url->credentials()->password;
  }
  if (!plan_.config->directory.empty()) work.job.path = names_.path_for(item, *url);
  scheduler_.add(item.ordinal, work.host);
  works_.emplace(item.ordinal, std::move(work));
}

// ---- Running

void Run::start_what_may() {
  while (const std::optional<Id> id = scheduler_.start_next(Clock::now())) {
    Work& work = works_.at(*id);
    ++work.tries;
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
  if (may_pull && scheduler_.running() == 0 && scheduler_.queued() == 0) timeout = 0;
  pollfd watched[] = {{completions_.descriptor(), POLLIN, 0}, {interrupts_.descriptor(), POLLIN, 0}};
  poll(watched, std::size(watched), timeout);
}

void Run::reap() {
  for (Completions::Ended& one : completions_.take()) ended(std::move(one));
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
      ++totals_.ok;
      totals_.bytes += receipt.bytes;
      totals_.latency.record(receipt.seconds);
      reporter_.saved(work.shown, receipt.path, receipt.bytes);
      finish(ended.id);
      break;
    case Receipt::Outcome::exists:
      ++totals_.skipped;
      finish(ended.id);
      break;
    case Receipt::Outcome::redirect:
      follow(work, receipt);
      break;
    case Receipt::Outcome::failed:
      retry_or_fail(work, receipt);
      break;
  }
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
  if (!worth_it || !intake_) {
    fail(work, receipt.error_class, receipt.message);
    return;
  }
  const auto asked = http::parse_retry_after(receipt.retry_after, std::chrono::system_clock::now());
  const auto delay = plan_.retry.next_delay(work.tries, asked, random_);
  if (!delay) {
    fail(work, receipt.error_class, receipt.message);
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
  ++totals_.failed;
  ++totals_.errors[error_class];
  reporter_.failed(describe(work, error_class, message));
  finish(work.job.id);
  if (plan_.fail_early) stop_intake(RunEnd::failed_early, "stopped at the first failure (--fail-early)");
}

void Run::finish(Id id) { works_.erase(id); }

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
  for (const Id id : scheduler_.drop_queued()) {
    Work& work = works_.at(id);
    fail(work, http::ErrorClass::interrupted, "not fetched: " + reason_);
  }
}

void Run::cancel_running() {
  for (auto& [id, future] : running_) future.request_stop();
  if (plan_.force_stop) plan_.force_stop();
}

}  // namespace overlap::get
