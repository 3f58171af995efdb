#include "compare/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.hpp"

namespace overlap::compare {
namespace {

std::string name_of_round(const CompareOptions& options, int round) {
  if (round < 1) return options.warmup == 1 ? "warm-up" : fmt::format("warm-up {}", round + options.warmup);
  return fmt::format("run {} of {}", round, options.repeat);
}

}  // namespace

Progress::Progress(const CompareOptions& options, bool verbose)
    : options_(options), is_verbose_(verbose), is_live_(cli::is_live_terminal(STDERR_FILENO)) {}

void Progress::preparing() { show("the origin makes what it will serve"); }

void Progress::run_begins(int round, cli::Model model) {
  show(fmt::format("{}: {}", name_of_round(options_, round), cli::to_string(model)));
}

void Progress::run_ended(const MeasuredRun& run, cli::Model model) {
  if (!is_verbose_) return;
  clear();
  fmt::print(stderr, "{}, {}: {}\n", cli::to_string(model), name_of_round(options_, run.round),
             sentence_of(*options_.workload, run.result));
}

void Progress::show(const std::string& text) {
  if (!is_live_) return;
  fmt::print(stderr, "\r\x1b[K{}: {}", options_.workload->name, text);
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
