// What a run does with the entries of its list: take them, compare them with what earlier runs have left, plan them.
#include <algorithm>

#include <fmt/format.h>

#include "get/list_change.hpp"
#include "get/run.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

// How far the list is read ahead of what runs: enough to find work for other hosts behind a long stretch of one.
constexpr std::size_t kReadAhead = 4096;
// And this far while places are free that what has been read cannot fill: a list that is sorted by host.
constexpr std::size_t kFarReadAhead = 65'536;
constexpr int kAtOnce = 4096;  // entries taken before the rest of the loop has its turn

http::ErrorClass class_of(std::string_view text) {
  for (int value = 0; value <= static_cast<int>(http::ErrorClass::interrupted); ++value) {
    const auto candidate = static_cast<http::ErrorClass>(value);
    if (http::to_string(candidate) == text) return candidate;
  }
  return http::ErrorClass::interrupted;  // of another version of the program
}

}  // namespace

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
    if (scheduler_.queued() > 0 && scheduler_.has_room()) start_what_may();
  }
}

std::size_t Run::read_ahead() const {
  const bool wants_other_hosts = scheduler_.has_room() && !outage_.is_out();
  return std::max(wants_other_hosts ? kFarReadAhead : kReadAhead, 2 * plan_.pacing.max_concurrent);
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
  stop_intake(RunEnd::list_changed, cut_list_text(totals_.items, ledger_.last_ordinal()));
}

void Run::refuse(const BadLine& line, const manifest::EarlierRow* earlier) {
  if (earlier != nullptr && earlier->url != line.text) return list_changed(line.ordinal, earlier->url, line.text);
  ++totals_.bad_input;
  totals_.failures.add(http::ErrorClass::bad_input, false, line.why, line.text, line.line);
  reporter_.failed({line.ordinal, line.line, line.text, http::ErrorClass::bad_input, line.why, 0});
  if (earlier == nullptr) keep(bad_input_row(line));
}

void Run::accept(Item& item, const manifest::EarlierRow* earlier) {
  // Most of a long list that is resumed: what is done, by the spelling that was stored, needs no closer look.
  const bool is_plain =
      earlier != nullptr && !plan_.dedupe && !item.sha256 && !names_.needs_every_item() && earlier->url == item.url;
  if (is_plain && settle(*earlier)) return;
  const auto url = parse_url(item.url);
  if (!url) return refuse({item.ordinal, item.line, redacted(item.url), url.error()}, earlier);
  if (earlier != nullptr && earlier->url != url->display()) {
    return list_changed(item.ordinal, earlier->url, url->display());
  }
  Work work = work_for(item, *url, earlier);
  // An entry before this one has another URL than it had, so other names are taken.
  const bool has_other_name = earlier != nullptr && !names_.is_late() && earlier->state == manifest::State::ok &&
                              earlier->same_as == 0 && earlier->path != work.job.path;
  if (has_other_name) return list_changed(item.ordinal, earlier->path, work.job.path);
  if (plan_.dedupe && is_repeat(item, *url, earlier)) return;
  const bool may_stand = earlier != nullptr && ledger_.has_digest(*earlier, item.sha256);
  if (may_stand && !is_plain && settle(*earlier)) return;
  if (may_stand && plan_.timestamping) work.stored = stored_body(*earlier);
  if (earlier != nullptr && names_.is_late()) work.job.path = earlier->path;
  for (auto& [name, value] : item.headers) work.job.headers.add(std::move(name), std::move(value));
  work.job.sha256 = item.sha256.value_or("");
  work.kept = std::move(item.kept);
  scheduler_.add(item.ordinal, work.host);
  works_.emplace(item.ordinal, std::move(work));
}

Run::Work Run::work_for(const Item& item, const Url& url, const manifest::EarlierRow* earlier) {
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
  if (names_.is_late()) {
    work.name = item.name.value_or("");
    work.identity = identity_of(item, url);
  } else if (!plan_.config->directory.empty()) {
    const bool is_there = earlier != nullptr && earlier->state == manifest::State::ok;
    work.job.path = names_.path_for(item, url, is_there ? std::string_view(earlier->path) : std::string_view());
  }
  return work;
}

// ---- What earlier runs have done

/// What there is to ask the server about, whether it has changed.
std::optional<manifest::ItemRow> Run::stored_body(const manifest::EarlierRow& earlier) {
  return ledger_.is_in_place(earlier) ? ledger_.find(earlier.ordinal) : std::nullopt;
}

/// Whether the outcome of an earlier run stands.
bool Run::settle(const manifest::EarlierRow& earlier) {
  switch (ledger_.standing(earlier, {plan_.retry_failed, plan_.timestamping})) {
    case Standing::done:
      ++totals_.skipped;
      return true;
    case Standing::failed_for_good:
      ++totals_.failed;
      ++totals_.failed_before;
      ++totals_.errors[class_of(earlier.error_class)];
      return true;
    case Standing::open:
      break;
  }
  return false;
}

void Run::list_changed(std::uint64_t ordinal, std::string_view was, std::string_view is) {
  --totals_.items;  // it has no outcome: nothing of the list counts from here on
  stop_intake(RunEnd::list_changed, changed_entry_text(ordinal, was, is));
}

/// Whether another entry is, or was, fetched for this one.
bool Run::is_repeat(const Item& item, const Url& url, const manifest::EarlierRow* earlier) {
  if (!item.headers.empty() || url.credentials()) return false;  // what it gets may be another body
  const auto first = urls_.first_of(url.request() + '\n' + item.sha256.value_or(""), item.ordinal);
  if (!first) return false;
  const Repeat repeat{item.ordinal, item.line, item.kept};
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

void Run::settle_repeat(manifest::ItemRow row, Repeat repeat, Lasting lasting) {
  if (row.same_as == 0) row.same_as = row.ordinal;
  row.ordinal = repeat.ordinal;
  row.line = repeat.line;
  row.kept = repeat.kept;
  if (row.state == manifest::State::ok) {
    ++totals_.ok;
    ++totals_.repeated;
  } else {
    ++totals_.failed;
    ++totals_.errors[class_of(row.error_class)];
  }
  keep(std::move(row), lasting);
}

}  // namespace overlap::get
