#include "get/console_reporter.hpp"

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "cli/terminal.hpp"
#include "cli/units.hpp"

namespace overlap::get {
namespace {

Duration interval_of(ProgressStyle style) {
  switch (style) {
    case ProgressStyle::bar:
      return std::chrono::milliseconds(100);
    case ProgressStyle::json:
      return std::chrono::seconds(1);
    default:
      return std::chrono::seconds(10);
  }
}

constexpr std::size_t kSlowHosts = 3;
constexpr auto kSlow = std::chrono::seconds(2);

std::string place(const FailedItem& item) {
  return item.line == 0 ? std::string() : fmt::format("line {}: ", item.line);
}

/// What keeps the run waiting, once that is worth a word.
std::string slow_hosts(const ProgressSnapshot& snapshot) {
  std::string text;
  for (const Waiting& one : snapshot.slowest(kSlowHosts)) {
    if (one.longest < kSlow) continue;
    text += text.empty() ? "; waiting for " : ", ";
    text +=
        fmt::format("{} ({}", one.host, cli::format_duration(std::chrono::floor<std::chrono::seconds>(one.longest)));
    text += one.running > 1 ? fmt::format(", {} requests)", one.running) : ")";
  }
  return text;
}

std::chrono::seconds ceil_of(Duration left) { return std::chrono::ceil<std::chrono::seconds>(left); }

std::uint64_t done_of(const Totals& totals) { return totals.ok + totals.failed + totals.skipped + totals.bad_input; }

}  // namespace

ConsoleReporter::ConsoleReporter(Options options, std::FILE* out)
    : options_(options), out_(out), style_(options.quiet ? ProgressStyle::none : options.progress) {
  if (style_ == ProgressStyle::automatic) {
    style_ = cli::is_live_terminal(fileno(out)) ? ProgressStyle::bar : ProgressStyle::none;
  }
  every_ = interval_of(style_);
  next_progress_ = began_ + every_;
}

ConsoleReporter::~ConsoleReporter() { clear_progress(); }

void ConsoleReporter::line(std::string text) {
  clear_progress();
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), out_);
}

void ConsoleReporter::clear_progress() {
  if (!std::exchange(drawn_, false)) return;
  std::fputs("\r\033[K", out_);
}

void ConsoleReporter::saved(std::string_view url, std::string_view path, std::uint64_t bytes) {
  if (!options_.verbose) return;
  if (path.empty()) {
    line(fmt::format("got {} ({})", cli::escape_for_terminal(url), cli::format_size(bytes)));
  } else {
    line(fmt::format("saved {} as {} ({})", cli::escape_for_terminal(url), cli::escape_for_terminal(path),
                     cli::format_size(bytes)));
  }
}

void ConsoleReporter::failed(const FailedItem& item) {
  if (options_.quiet) return;
  const std::string tries = item.tries > 1 ? fmt::format(" (after {} tries)", item.tries) : "";
  line(fmt::format("overlap: {}{}: {}: {}{}", place(item), cli::escape_for_terminal(item.url, 300),
                   http::to_string(item.error_class), cli::escape_for_terminal(item.message, 500), tries));
}

void ConsoleReporter::retrying(const FailedItem& item, Duration delay) {
  if (!options_.verbose || options_.quiet) return;
  line(fmt::format("overlap: {}: {}: {}; try {} in {}", cli::escape_for_terminal(item.url, 300),
                   http::to_string(item.error_class), cli::escape_for_terminal(item.message, 500), item.tries + 1,
                   cli::format_duration(delay)));
}

void ConsoleReporter::holding(std::string_view host, Duration duration, std::string_view why) {
  const bool is_long = duration >= std::chrono::seconds(1);  // one that people would wonder about
  if (options_.quiet || !(is_long || options_.verbose)) return;
  line(fmt::format("overlap: {}: {}: nothing is asked of it for {}", cli::escape_for_terminal(host, 300),
                   cli::escape_for_terminal(why, 200), cli::format_duration(duration)));
}

void ConsoleReporter::note(std::string_view text) {
  if (!options_.quiet) line(fmt::format("overlap: {}", cli::escape_for_terminal(text)));
}

void ConsoleReporter::progress(const ProgressSnapshot& snapshot) {
  if (style_ == ProgressStyle::none) return;
  const TimePoint now = Clock::now();
  if (now < next_progress_) return;
  next_progress_ = now + every_;
  if (style_ == ProgressStyle::bar) {
    std::string text = progress_line(snapshot);
    const std::size_t width = cli::terminal_width(fileno(out_));
    if (text.size() >= width) text.resize(width - 1);
    fmt::print(out_, "\r{}\033[K", text);
    std::fflush(out_);
    drawn_ = true;
  } else {
    line(style_ == ProgressStyle::json ? progress_json(snapshot) : progress_line(snapshot));
  }
}

void ConsoleReporter::status(const ProgressSnapshot& snapshot) {
  line("overlap: " + progress_line(snapshot));
  std::fflush(out_);
}

std::string ConsoleReporter::progress_line(const ProgressSnapshot& snapshot) const {
  const Totals& totals = snapshot.totals;
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  const double rate = seconds > 0 ? static_cast<double>(totals.ok) / seconds : 0;
  std::string text = fmt::format("{} of {}{}", done_of(totals), totals.items, snapshot.list_ended ? "" : "+");
  if (totals.failed + totals.bad_input > 0) text += fmt::format(", {} failed", totals.failed + totals.bad_input);
  text += fmt::format(", {} running", snapshot.running);
  if (snapshot.found) text += fmt::format(" of {} for now", *snapshot.found);
  text += fmt::format(", {}, {:.0f}/s", cli::format_size(totals.bytes), rate);
  const std::uint64_t left = totals.items - done_of(totals);
  if (snapshot.list_ended && rate > 0 && left > 0) {
    const auto eta = std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(left) / rate) + 1);
    text += fmt::format(", {} left", cli::format_duration(eta));
  }
  if (snapshot.held)
    text += fmt::format("; waiting {}: {} asked for it", cli::format_duration(ceil_of(snapshot.held->left)),
                        snapshot.held->host);
  return text + slow_hosts(snapshot);
}

std::string ConsoleReporter::progress_json(const ProgressSnapshot& snapshot) const {
  const Totals& totals = snapshot.totals;
  return fmt::format(
      R"({{"seconds":{:.3f},"items":{},"list_ended":{},"ok":{},"failed":{},"skipped":{},"bad_input":{},"running":{},"bytes":{}{}}})",
      std::chrono::duration<double>(Clock::now() - began_).count(), totals.items, snapshot.list_ended, totals.ok,
      totals.failed, totals.skipped, totals.bad_input, snapshot.running, totals.bytes,
      snapshot.found ? fmt::format(R"(,"concurrency":{})", *snapshot.found) : "");
}

}  // namespace overlap::get
