#include "get/dry_run.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "get/list_change.hpp"

namespace overlap::get {
namespace {

constexpr std::string_view kFetch = "fetch";
constexpr std::string_view kSkip = "skip";
constexpr std::string_view kBadInput = "bad_input";

std::uint64_t line_of(const ListEntry& entry) {
  return std::visit([](const auto& one) { return one.line; }, entry);
}

}  // namespace

DryRun::DryRun(Options options, std::vector<ListReader> lists, NamePlan names, Ledger& ledger, cli::ResultStream& out)
    : options_(std::move(options)), lists_(std::move(lists)), names_(std::move(names)), ledger_(ledger), out_(out) {}

std::expected<DryRun::Counts, std::string> DryRun::execute() {
  for (ListReader& list : lists_) {
    while (std::optional<ListEntry> entry = list.next()) {
      ++items_;
      const auto verdict = judge(*entry);
      if (!verdict) return std::unexpected(verdict.error());
      print(*entry, *verdict);
      if (!out_.is_open()) return counts_;  // nobody reads on, or nothing more can be written
    }
    if (list.error()) return std::unexpected(*list.error());
  }
  if (ledger_.last_ordinal() > items_) return std::unexpected(cut_list_text(items_, ledger_.last_ordinal()));
  return counts_;
}

DryRun::Judged DryRun::judge(const ListEntry& entry) {
  const manifest::EarlierRow* const earlier = ledger_.earlier(items_);
  if (const auto* item = std::get_if<Item>(&entry)) return judge_item(*item, earlier);
  return refuse(std::get<BadLine>(entry), earlier);
}

DryRun::Judged DryRun::refuse(const BadLine& line, const manifest::EarlierRow* earlier) const {
  if (earlier != nullptr && earlier->url != line.text)
    return std::unexpected(changed_entry_text(items_, earlier->url, line.text));
  return Verdict{kBadInput, line.text, {}, line.why};
}

DryRun::Judged DryRun::judge_item(const Item& item, const manifest::EarlierRow* earlier) {
  const auto url = parse_url(item.url);
  if (!url) return refuse({items_, item.line, redacted(item.url), url.error()}, earlier);
  if (earlier != nullptr && earlier->url != url->display())
    return std::unexpected(changed_entry_text(items_, earlier->url, url->display()));
  Verdict verdict{kFetch, url->display(), path_of(item, *url, earlier), "new"};
  const bool has_other_name = earlier != nullptr && !names_.is_late() && earlier->state == manifest::State::ok &&
                              earlier->same_as == 0 && earlier->path != verdict.path;
  if (has_other_name) return std::unexpected(changed_entry_text(items_, earlier->path, verdict.path));
  const bool may_repeat = options_.dedupe && item.headers.empty() && !url->credentials();
  const auto first =
      may_repeat ? urls_.first_of(url->request() + '\n' + item.sha256.value_or(""), items_) : std::nullopt;
  if (first) return Verdict{kSkip, verdict.url, verdict.path, fmt::format("the same URL as entry {}", *first)};
  return by_what_is_there(item, earlier, std::move(verdict));
}

/// "" where bodies get no name, or only the answer tells it.
std::string DryRun::path_of(const Item& item, const Url& url, const manifest::EarlierRow* earlier) {
  if (!options_.saves) return {};
  if (names_.is_late()) return earlier != nullptr ? earlier->path : std::string();
  const bool is_there = earlier != nullptr && earlier->state == manifest::State::ok;
  return names_.path_for(item, url, is_there ? std::string_view(earlier->path) : std::string_view());
}

DryRun::Verdict DryRun::by_what_is_there(const Item& item, const manifest::EarlierRow* earlier, Verdict verdict) {
  if (earlier == nullptr) {
    const auto size = options_.taken && !verdict.path.empty() ? options_.taken->size_of(verdict.path) : std::nullopt;
    if (size && *size) return {kSkip, verdict.url, verdict.path, "a file of that name is there (--no-clobber)"};
    return verdict;
  }
  if (!ledger_.has_digest(*earlier, item.sha256)) {
    verdict.why = "what is there has another digest";
    return verdict;
  }
  switch (ledger_.standing(*earlier, options_.rules)) {
    case Standing::done:
      return {kSkip, verdict.url, verdict.path, "there already"};
    case Standing::failed_for_good:
      return {kSkip, verdict.url, verdict.path, fmt::format("failed for good: {}", earlier->error_class)};
    case Standing::open:
      break;
  }
  if (earlier->state == manifest::State::failed) {
    verdict.why = fmt::format("failed before: {}", earlier->error_class);
  } else {
    verdict.why = ledger_.is_in_place(*earlier) ? "unless it has not changed" : "the file is gone, or is another one";
  }
  return verdict;
}

void DryRun::print(const ListEntry& entry, const Verdict& verdict) {
  ++(verdict.action == kFetch ? counts_.fetched : verdict.action == kSkip ? counts_.left : counts_.bad_input);
  std::string text;
  if (options_.json) {
    boost::json::object line;
    line["entry"] = items_;
    line["line"] = line_of(entry);
    line["action"] = verdict.action;
    line["url"] = verdict.url;
    line["path"] = verdict.path.empty() ? boost::json::value() : boost::json::value(verdict.path);
    line["why"] = verdict.why;
    text = boost::json::serialize(line) + "\n";
  } else {
    text = fmt::format("{}\t{}\t{}: {}\n", cli::escape_for_terminal(verdict.url),
                       verdict.path.empty() ? "-" : verdict.path, verdict.action, verdict.why);
  }
  out_.write(text);
}

}  // namespace overlap::get
