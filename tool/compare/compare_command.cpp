#include "compare/compare_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "cli/escape.hpp"
#include "cli/file_name.hpp"
#include "cli/output_file.hpp"
#include "cli/result_stream.hpp"
#include "cli/same_file.hpp"
#include "cli/signals.hpp"
#include "cli/terminal.hpp"
#include "cli/units.hpp"
#include "cli/wrap.hpp"
#include "compare/advise_command.hpp"
#include "compare/baseline.hpp"
#include "compare/compare_options.hpp"
#include "compare/machine.hpp"
#include "compare/page/page.hpp"
#include "compare/progress.hpp"
#include "compare/report.hpp"
#include "compare/run_one.hpp"
#include "compare/temporary_directory.hpp"
#include "compare/workloads/list.hpp"

namespace overlap::compare {
namespace {

enum ExitCode {
  kAllRight = 0,
  kFailed = 1,
  kUsage = 2,
  kDisk = 3,
  kSignalled = 128,  // and the signal's number
};

constexpr const char* kFooter =
    "Workloads:\n"
    "  pages   160 downloads: 2 sites x 80 pages\n"
    "  images  15 photographs saved as files\n"
    "  api     1000 API calls, their JSON read\n"
    "  cpu     20 sums of 5 million squares\n"
    "  sleep   waits and the orders in which they end (33 seconds for the inline model; --sleep-unit)\n"
    "  race    a counter that many tasks add to: lost updates, and three ways to lose none\n"
    "  FILE    a list of URLs, one a line\n"
    "The first three are answered by built-in origins (see overlap serve), which wait as --latency says.\n"
    "\n"
    "Every run is a process of its own, and the models take turns. Efficiency is the ideal time over the median: the\n"
    "ideal is the largest of all waits shared among what is under way at once, the longest wait, and the CPU time of\n"
    "the inline model shared among all CPUs.\n"
    "\n"
    "Examples:\n"
    "  overlap compare\n"
    "  overlap compare --html pages.html\n"
    "  overlap compare --advise --workload urls.txt\n"
    "  overlap compare --workload cpu --models inline,threads,processes --json cpu.json\n"
    "  overlap compare --workload urls.txt --workers 10 -j 100\n";

int complain(int code, std::string_view message) {
  fmt::print(stderr, "overlap compare: {}\n", message);
  return code;
}

/// The files that a comparison writes, tried before the first run, so that a wrong name costs no waiting.
struct Outputs {
  cli::OutputFile json;
  cli::OutputFile trace;
  cli::OutputFile page;
};

/// The flag whose file is standard output, which has the table, or the figures of --json; nothing if none is.
std::optional<std::string_view> flag_that_mixes(const CompareFlags& flags) {
  if (flags.trace == "-") return "--trace";
  if (flags.html == "-") return "--html";
  return std::nullopt;
}

std::expected<Outputs, std::string> open_outputs(const CompareFlags& flags) {
  Outputs outputs;
  if (auto opened = outputs.json.open(flags.json == "-" ? "" : flags.json); !opened) {
    return std::unexpected(opened.error());
  }
  if (auto opened = outputs.trace.open(flags.trace); !opened) return std::unexpected(opened.error());
  if (auto opened = outputs.page.open(flags.html); !opened) return std::unexpected(opened.error());
  return outputs;
}

/// A baseline may be replaced by the figures that were compared to it, but by nothing else.
std::expected<void, std::string> check_names(const CompareFlags& flags, const CompareOptions& options) {
  const cli::NamedFile list{"--workload", options.list_file};
  const cli::NamedFile baseline{"--baseline", flags.baseline};
  const cli::NamedFile json{"--json", flags.json == "-" ? "" : flags.json};
  const cli::NamedFile drawn[] = {{"--html", flags.html}, {"--trace", flags.trace}};
  if (auto apart = cli::keep_apart(std::array{json, drawn[0], drawn[1]}, std::array{list}); !apart) return apart;
  return cli::keep_apart(drawn, std::array{baseline});
}

/// One that fails does not take the others with it. Says what could not be written; whether all was.
bool write_outputs(Outputs& outputs, const Findings& findings) {
  const std::expected<void, std::string> results[] = {
      outputs.json.write([&findings](std::ostream& out) { out << report_json(findings); }),
      outputs.trace.write([&findings](std::ostream& out) { write_trace(out, findings); }),
      outputs.page.write([&findings](std::ostream& out) { write_page(out, findings); })};
  bool is_all = true;
  for (const auto& written : results) {
    if (written) continue;
    complain(kDisk, written.error());
    is_all = false;
  }
  return is_all;
}

/// What is read later, from a file or a pipe, has bars for a usual terminal and lines as long as they are.
TextStyle style_of(int descriptor) {
  const char* const term = std::getenv("TERM");
  const bool is_dumb = term != nullptr && std::string_view(term) == "dumb";
  return {.width = std::min<std::size_t>(cli::terminal_width(descriptor), 100),
          .line_width = isatty(descriptor) != 0 ? cli::terminal_width(descriptor) : 0,
          .has_blocks = cli::is_utf8_locale() && !is_dumb,
          .has_colour = cli::wants_colour(descriptor)};
}

/// The table goes to standard output, unless the figures for programs do.
int report(const CompareFlags& flags, const Findings& findings, const std::optional<Baseline>& baseline,
           Outputs& outputs) {
  const bool json_to_stdout = flags.json == "-";
  const TextStyle style = style_of(json_to_stdout ? STDERR_FILENO : STDOUT_FILENO);
  std::string text = report_text(findings, style);
  if (baseline) text += "\n" + cli::wrapped(baseline_text(*baseline, findings), style.line_width);
  cli::ResultStream out;
  if (json_to_stdout) fmt::print(stderr, "{}", text);
  out.write(json_to_stdout ? report_json(findings) : text);
  for (const std::string& complaint : findings.result.complaints) complain(kFailed, complaint);
  const bool is_written = write_outputs(outputs, findings);
  if (const auto printed = out.finish(); !printed) return complain(kDisk, printed.error());
  if (!is_written) return kDisk;
  return findings.result.complaints.empty() ? kAllRight : kFailed;
}

/// Has the runs do a part of a long list: one item after the other is among what is tried.
std::expected<void, std::string> take_sample(std::size_t count, std::optional<TemporaryDirectory>& place,
                                             CompareOptions& options) {
  const auto facts = examine_list(options.list_file);
  if (!facts) return std::unexpected(facts.error());
  if (facts->urls <= count) return {};
  const std::string sample = place.emplace().path() + "/sample.txt";
  if (auto written = write_sample(options.list_file, facts->urls, count, sample); !written) return written;
  options.urls = facts->urls;
  options.sample_of = std::exchange(options.list_file, sample);
  return {};
}

int run_advise(const CompareFlags& flags, CompareOptions options, const Machine& machine) {
  if (const std::string problem = problem_with_advise(flags); !problem.empty()) return complain(kUsage, problem);
  const cli::InterruptWatch interrupts(
      cli::InterruptWatch::Status::ignores_requests,
      cli::InterruptWatch::Hangup::is_counted);  // from here on what is made below is removed after Ctrl-C too
  std::optional<TemporaryDirectory> place;
  if (flags.sample > 0 && !options.list_file.empty()) {
    if (auto taken = take_sample(flags.sample, place, options); !taken) return complain(kFailed, taken.error());
  }
  Progress progress(options, flags.verbose, Progress::Rounds::unknown);
  const auto sweeps = run_sweeps(options, machine.cpus, progress, interrupts.descriptor());
  progress.clear();
  if (!sweeps) {
    if (sweeps.error().interrupted) return complain(kSignalled + interrupts.last_signal(), "interrupted");
    return complain(kFailed, sweeps.error().why);
  }
  const auto& [single, models, facts, left_out] = *sweeps;
  const std::size_t width = style_of(STDOUT_FILENO).line_width;
  const std::string advice = advice_text(advise(single, models, facts), single, models, facts, width);
  std::string subject = subject_of(options);
  if (left_out.items > 0) subject += '\n' + left_out_sentence(left_out);
  cli::ResultStream out;
  out.write(fmt::format("{}\n\n{}", cli::wrapped(subject, width), advice));
  const auto printed = out.finish();
  return printed ? kAllRight : complain(kDisk, printed.error());
}

int run_compare(const CompareFlags& flags) {
  if (const auto flag = flag_that_mixes(flags)) {
    return complain(kUsage, fmt::format("{}: '-' is standard output, which has the table: name a file", *flag));
  }
  const Machine machine = this_machine();
  const auto options = make_options(flags, machine.cpus);
  if (!options) return complain(kUsage, options.error());
  if (flags.advise) return run_advise(flags, *options, machine);
  if (const auto names = check_names(flags, *options); !names) return complain(kUsage, names.error());
  std::optional<Baseline> baseline;
  if (!flags.baseline.empty()) {
    auto read = read_baseline(flags.baseline);
    if (!read) return complain(kUsage, read.error());
    baseline = std::move(*read);
  }
  const cli::InterruptWatch interrupts(cli::InterruptWatch::Status::ignores_requests,
                                       cli::InterruptWatch::Hangup::is_counted);
  auto outputs = open_outputs(flags);
  if (interrupts.count() > 0) return complain(kSignalled + interrupts.last_signal(), "interrupted");
  if (!outputs) return complain(kDisk, outputs.error());

  Progress progress(*options, flags.verbose);
  const auto result = run_comparison(*options, progress, interrupts.descriptor());
  progress.clear();
  if (!result) {
    if (result.error().interrupted) return complain(kSignalled + interrupts.last_signal(), "interrupted");
    return complain(kFailed, result.error().why);
  }
  const auto summaries = summarise(*options, *result, machine.cpus);
  return report(flags, {*options, *result, summaries, machine}, baseline, *outputs);
}

void add_duration(CLI::App& command, const std::string& name, Duration& value, const std::string& help) {
  const auto read = [&value, name](const std::string& text) {
    const auto parsed = cli::parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error());
    value = *parsed;
  };
  command.add_option_function<std::string>(name, read, help)
      ->type_name("DURATION")
      ->default_str(cli::format_duration(value));
}

void add_file(CLI::App& command, const std::string& name, std::string& value, const std::string& help) {
  cli::needs_a_name(command.add_option(name, value, help)->type_name("FILE"));
}

void add_flags(CLI::App& command, CompareFlags& flags) {
  constexpr int kMany = 1'000'000;
  command.add_option("--workload", flags.workload, "What to do: a name from below, or a file of URLs")
      ->type_name("NAME|FILE")
      ->capture_default_str();
  command.add_option("--models", flags.models, "Which models, separated by commas")
      ->delimiter(',')
      ->type_name("LIST")
      ->capture_default_str();
  command.add_option("--workers", flags.workers, "Threads, and processes (5; for cpu as many as CPUs)")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N");
  command.add_option("-j,--max-concurrent", flags.max_concurrent, "Tasks under way on the loop (as the work needs)")
      ->check(CLI::Range(1, kMany))
      ->type_name("N");
  command.add_option("--repeat", flags.repeat, "Runs of each model (5; for sleep and race 1)")
      ->check(CLI::Range(1, kMany))
      ->type_name("N");
  command.add_option("--warmup", flags.warmup, "Runs of each model before, not counted (1; for sleep and race 0)")
      ->check(CLI::Range(0, kMany))
      ->type_name("N");
  add_duration(command, "--latency", flags.latency, "How long the built-in origin waits before it answers");
  add_duration(command, "--sleep-unit", flags.sleep_unit, "What stands for a second in the workload 'sleep'");
  add_file(command, "--json", flags.json, "Write all figures, those of every run too, to this file ('-': stdout)");
  auto* const advise = command.add_flag("--advise", flags.advise,
                                        "Try each model with 2, 4, 8 ... at once, and say which to use and why");
  command.add_option("--sample", flags.sample, "For --advise: so many URLs of a list, spread evenly over it; 0: all")
      ->check(CLI::Range(0, kMany))
      ->type_name("N")
      ->capture_default_str()
      ->needs(advise);
  add_file(command, "--baseline", flags.baseline,
           "Say what is faster or slower than in this file of an earlier --json");
  add_file(command, "--html", flags.html, "Draw everything, with a timeline of each model, on a page in this file");
  add_file(command, "--trace", flags.trace, "Write what every task did to this file, for ui.perfetto.dev");
  command.add_flag("-v,--verbose", flags.verbose, "Say what each run took as it ends");
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("compare", "The same work under each model of execution, measured");
  const auto flags = std::make_shared<CompareFlags>();
  add_flags(command, *flags);
  command.footer(kFooter);
  command.callback([flags, &exit_code] { exit_code = run_compare(*flags); });

  CLI::App& run = *app.add_subcommand(kRunCommand, "One run of a comparison; used by compare itself");
  run.group("");  // not in the help
  run.callback([&exit_code] { exit_code = run_from_standard_input(); });
}

}  // namespace overlap::compare
