#include "compare/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "cli/terminal.hpp"
#include "cli/units.hpp"

namespace overlap::compare {
namespace {

std::string name_of_round(const CompareOptions& options, int round) {
  if (round < 1) return options.warmup == 1 ? "warm-up" : fmt::format("warm-up {}", round + options.warmup);
  return round > options.repeat ? fmt::format("run {}", round) : fmt::format("run {} of {}", round, options.repeat);
}

}  // namespace

Progress::Progress(const CompareOptions& options, bool verbose, Rounds rounds)
    : options_(options), is_verbose_(verbose), rounds_(rounds), is_live_(cli::is_live_terminal(STDERR_FILENO)) {}

void Progress::preparing() { show("the origin makes what it will serve"); }

void Progress::run_begins(int round, cli::Model model) {
  begin_ = Clock::now();
  show(fmt::format("{}: {}{}", name_of_round(options_, round), cli::to_string(model), left()));
}

void Progress::run_ended(const MeasuredRun& run, cli::Model model) {
  ++done_;
  took_[model] = Clock::now() - begin_;
  if (!is_verbose_) return;
  clear();
  fmt::print(stderr, "{}, {}: {}\n", cli::to_string(model), name_of_round(options_, run.round),
             sentence_of(*options_.workload, run.result));
}

/// Models take turns, so once each has been run it is known how long the rest will take.
std::string Progress::left() const {
  if (rounds_ == Rounds::unknown) return fmt::format("; {} runs done", done_);
  const auto models = static_cast<int>(options_.models.size());
  const int all = models * (options_.warmup + options_.repeat);
  std::string text = fmt::format("; {} of {} runs done", done_, all);
  if (static_cast<int>(took_.size()) < models) return text;
  Duration round{};
  for (const auto& [model, took] : took_) round += took;
  const Duration rest = round * (all - done_) / models;
  return text + fmt::format(", about {} left", cli::format_duration(std::chrono::ceil<std::chrono::seconds>(rest)));
}

void Progress::show(const std::string& text) {
  if (!is_live_) return;
  std::string line = fmt::format("{}: {}", options_.workload->name, text);
  const std::size_t width = cli::terminal_width(STDERR_FILENO);
  if (line.size() >= width) line.resize(width - 1);
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  is_shown_ = true;
}

void Progress::clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  is_shown_ = false;
}

std::string sentence_of(const Workload& workload, const RunResult& result) {
  const std::uint64_t done = result.items - result.failed;
  return fmt::format("{} {} in {:.2f} seconds", workload.verb, done, result.seconds);
}

}  // namespace overlap::compare
