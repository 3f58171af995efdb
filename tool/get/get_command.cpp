#include "get/get_command.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <overlap/executors/process_pool_executor.hpp>

#include "cli/escape.hpp"
#include "cli/result_stream.hpp"
#include "cli/same_file.hpp"
#include "cli/signals.hpp"
#include "get/descriptor_need.hpp"
#include "get/dry_run.hpp"
#include "get/get_options.hpp"
#include "get/ledger.hpp"
#include "get/list_source.hpp"
#include "get/output_directory.hpp"
#include "get/run_outputs.hpp"
#include "get/summary.hpp"
#include "manifest/utc.hpp"

namespace overlap::get {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  overlap get -i urls.txt -P out                       fetch a list; again: only what is missing\n"
    "  overlap get -i urls.txt -P out -n                    say what would be fetched, and where to\n"
    "  overlap get -i photos.csv --url-col image -o '{index:06}.{ext}'\n"
    "  overlap get -i urls.txt --rate-per-host 2/s --max-per-host 2\n"
    "  overlap get -i - --to null --json <urls.txt          a list from a pipe, figures for programs\n"
    "  overlap get -i urls.txt -P out --retry-failed        also what failed for good before\n";

constexpr int kSomeFailed = 1;
constexpr int kUsage = 2;
constexpr int kDisk = 3;

int complain(int code, std::string_view message) {
  fmt::print(stderr, "overlap get: {}\n", cli::escape_for_terminal(message));
  return code;
}

/// The lists in the order of the command line: the URLs given there first, then the files.
std::expected<std::vector<ListReader>, std::string> open_lists(const InputFlags& flags,
                                                               const ListReader::Options& options) {
  std::vector<ListReader> lists;
  if (!flags.urls.empty()) lists.push_back(ListReader::from_arguments(flags.urls));
  for (const std::string& file : flags.files) {
    auto list = ListReader::open(file, options);
    if (!list) return std::unexpected(list.error());
    // What a file is not is known once its first line is, which of a pipe may take a while.
    if (list->is_ready() && list->error()) return std::unexpected(*list->error());
    lists.push_back(std::move(*list));
  }
  if (lists.empty())
    return std::unexpected("nothing to fetch: give URLs, or a list with -i FILE ('-' is standard input)");
  return lists;
}

/// A list is read while the run goes on, and must not be written to.
std::expected<void, std::string> check_names(const GetFlags& flags) {
  std::vector<cli::NamedFile> lists;
  for (const std::string& file : flags.input.files) lists.push_back({"-i", file == "-" ? "/dev/stdin" : file});
  const cli::NamedFile outputs[] = {{"--log", flags.log == "-" ? "" : flags.log}, {"--trace", flags.trace}};
  return cli::keep_apart(outputs, lists);
}

std::function<void()> force_stop_of(Executor& executor) {
  auto* const processes = dynamic_cast<ProcessPoolExecutor*>(&executor);
  if (processes == nullptr) return nullptr;
  return [processes] { processes->kill_workers(); };
}

/// What a person who looks at the manifest later may want to know; nothing that may be secret.
std::string run_options(const GetFlags& flags, const GetPlan& plan) {
  boost::json::object options;
  options["version"] = OVERLAP_VERSION;
  options["model"] = cli::to_string(plan.model);
  if (plan.run.pacing.are_found) {
    options["concurrency"] = "auto";
  } else {
    options["concurrency"] = plan.concurrency;
  }
  options["fsync"] = flags.fsync;
  options["force"] = flags.force;
  options["retry_failed"] = flags.retry_failed;
  options["timestamping"] = flags.timestamping;
  options["dedupe"] = flags.dedupe;
  return boost::json::serialize(options);
}

Ledger::Options ledger_options(const GetFlags& flags, const GetPlan& plan) {
  Ledger::Options options;
  options.fsync = plan.fsync;
  options.source = list_source(flags.input.urls, flags.input.files, flags.directory);
  options.names = flags.name_template.empty() ? "{name}" : flags.name_template;
  if (flags.content_disposition) options.names += " (--content-disposition)";
  options.options = run_options(flags, plan);
  options.forget = flags.force;
  return options;
}

std::string_view outcome_of(RunEnd end) {
  switch (end) {
    case RunEnd::complete:
      return "complete";
    case RunEnd::interrupted:
      return "interrupted";
    case RunEnd::failed_early:
      return "failed_early";
    case RunEnd::disk_full:
      return "disk_full";
    case RunEnd::unrecorded:
      return "unrecorded";
    case RunEnd::list_changed:
      return "list_changed";
    case RunEnd::list_failed:
      return "list_failed";
    case RunEnd::broken:
      break;
  }
  return "broken";
}

/// Whether all outcomes are kept; says so if not.
bool close_ledger(Ledger& ledger, const Totals& totals, RunEnd end) {
  manifest::RunRow run;
  run.ended = manifest::utc_text(std::chrono::system_clock::now());
  run.outcome = outcome_of(end);
  run.items = totals.items;
  run.ok = totals.ok;
  run.failed = totals.failed;
  run.skipped = totals.skipped;
  run.bad_input = totals.bad_input;
  run.bytes = totals.bytes;
  const auto closed = ledger.finish(run);
  if (!closed) complain(kDisk, closed.error().message);
  return closed.has_value();
}

std::unique_ptr<Executor> executor_of(const GetPlan& plan) {
  const std::size_t spare = plan.run.pacing.spare;
  return cli::make_executor(plan.model, plan.workers + spare, plan.concurrency + spare);
}

/// Those of this process: held from before the run, so that they outlive its sessions.
std::shared_ptr<http::CookieJar> cookies_of(const GetPlan& plan) {
  const http::SessionOptions& session = plan.run.config->session;
  return session.cookies ? http::CookieJar::of(session) : nullptr;
}

bool save_cookies(const std::string& file, const http::CookieJar* cookies) {
  if (file.empty() || cookies == nullptr) return true;
  const auto saved = cookies->save(file);
  if (!saved) complain(kDisk, "-c: " + saved.error());
  return saved.has_value();
}

/// CPU time that this process has used but for the calling thread: what its workers, or its loop, have.
double cpu_of_others() {
  const auto seconds_of = [](int who) {
    rusage used{};
    getrusage(who, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  };
  return seconds_of(RUSAGE_SELF) - seconds_of(RUSAGE_THREAD);
}

BoundContext bound_context(const GetFlags& flags, const GetPlan& plan) {
  BoundContext context;
  context.model = plan.model;
  context.workers = plan.workers;
  context.per_host = plan.run.pacing.max_per_host;
  context.are_found = plan.run.pacing.are_found;
  context.is_per_host_given = flags.pacing.max_per_host.has_value();
  return context;
}

/// What -v says at the end of what would have been faster.
std::string what_bound(BoundContext context, const Run& run, const RunFigures& figures, std::uint64_t limit_rate,
                       double cpu) {
  const double seconds = std::chrono::duration<double>(figures.elapsed).count();
  context.concurrency = figures.concurrency;
  context.found = figures.found ? figures.found->at_a_time() : figures.concurrency;
  context.holds = run.totals().holds;
  if (limit_rate > 0 && seconds > 0)
    context.bandwidth_used = static_cast<double>(run.totals().bytes) / static_cast<double>(limit_rate) / seconds;
  if (seconds > 0) context.cpu_of_loop = cpu / seconds;
  return what_bound(run.bound(), context);
}

bool print_summary(const GetFlags& flags, const Totals& totals, const RunFigures& figures) {
  cli::ResultStream out;
  if (flags.json) {
    out.write(summary_json(totals, figures) + "\n");
  } else if (!flags.quiet) {
    out.write(summary_text(totals, figures));
  }
  const auto printed = out.finish();
  if (!printed) complain(kDisk, printed.error());
  return printed.has_value();
}

int run_plan(const GetFlags& flags, GetPlan plan, std::vector<ListReader> lists, Ledger& ledger) {
  const cli::InterruptWatch interrupts(cli::InterruptWatch::Status::takes_requests);
  RunOutputs outputs;
  const auto opened = outputs.open(flags.log, flags.trace, plan.run);
  if (interrupts.count() > 0) return complain(128 + interrupts.last_signal(), "interrupted");
  if (!opened) return complain(kDisk, opened.error());
  ConsoleReporter reporter(plan.reporter, stderr);
  const TimePoint begin = Clock::now();
  const std::shared_ptr<http::CookieJar> cookies = cookies_of(plan);
  const std::unique_ptr<Executor> executor = executor_of(plan);
  plan.run.force_stop = force_stop_of(*executor);
  const double max_fail_rate = plan.run.max_fail_rate;
  const BoundContext context = bound_context(flags, plan);
  const bool has_manifest = plan.run.directory.has_value();
  const std::uint64_t limit_rate = plan.run.config->limit_rate;
  const double cpu_before = cpu_of_others();
  Run run(std::move(plan.run), std::move(lists), std::move(plan.names), ledger, *executor, reporter, interrupts);
  const RunEnd end = run.execute();
  RunFigures figures{std::string(cli::to_string(plan.model)),
                     run.concurrency(),
                     run.found(),
                     Clock::now() - begin,
                     run.bound(),
                     has_manifest};
  const bool was_any_asked = run.totals().ok + run.totals().failed > run.totals().failed_before;
  if (flags.verbose && was_any_asked)
    figures.what_bound = what_bound(context, run, figures, limit_rate, cpu_of_others() - cpu_before);
  executor->shutdown();  // before the run goes: no callback is under way after this
  const bool are_cookies_kept = save_cookies(flags.http.cookie_jar, cookies.get());

  reporter.clear_progress();
  const auto written = outputs.close();
  if (!written) complain(kDisk, written.error());
  const bool is_kept = close_ledger(ledger, run.totals(), end) && written;
  if (end != RunEnd::complete) complain(0, run.reason());
  if (run.totals().items == 0 && end == RunEnd::complete)
    return complain(kUsage, "the list is empty: nothing to fetch");
  if (run.totals().failed_before > 0 && !flags.quiet) {
    reporter.note(fmt::format("{} failed for good in an earlier run: not asked for again (--retry-failed does)",
                              run.totals().failed_before));
  }
  const bool is_printed = print_summary(flags, run.totals(), figures);
  return is_kept && are_cookies_kept && is_printed
             ? exit_code_of(run.totals(), end, interrupts.last_signal(), max_fail_rate)
             : kDisk;
}

DryRun::Options dry_run_options(const GetFlags& flags, const GetPlan& plan) {
  DryRun::Options options;
  options.rules = {flags.retry_failed, flags.timestamping};
  options.dedupe = flags.dedupe;
  options.saves = !plan.run.config->directory.empty();
  options.json = flags.json;
  if (!flags.no_clobber || !options.saves) return options;
  auto taken = StoredFiles::open(flags.directory);
  if (taken) options.taken = std::move(*taken);
  return options;
}

/// Which names the bodies of this run may not have.
std::expected<void, LedgerError> say_taken_names(const GetFlags& flags, NamePlan& names, Ledger& ledger) {
  for (const std::string& file : flags.input.files) {
    if (const auto path = path_below(flags.directory, file)) names.forbid(*path);
  }
  const auto is_shared = ledger.has_other_lists();
  if (!is_shared) return std::unexpected(is_shared.error());
  if (*is_shared) names.share_directory();
  if (!*is_shared && !names.is_late()) return {};
  return ledger.each_stored([&names](const manifest::StoredRow& row) { names.reserve(row.path, row.url, row.sha256); });
}

int run_dry(const GetFlags& flags, GetPlan plan, std::vector<ListReader> lists) {
  const auto ledger = plan.run.config->directory.empty() ? Ledger::in_memory(Ledger::Memory::drops)
                                                         : Ledger::look(flags.directory, ledger_options(flags, plan));
  if (!ledger) return complain(ledger.error().is_usage ? kUsage : kDisk, ledger.error().message);
  if (const auto said = say_taken_names(flags, plan.names, **ledger); !said)
    return complain(kDisk, said.error().message);
  cli::ResultStream out;
  DryRun run(dry_run_options(flags, plan), std::move(lists), std::move(plan.names), **ledger, out);
  const auto counts = run.execute();
  if (!counts) return complain(kUsage, counts.error());
  // Before the sum, which is to stand below where both go to one file.
  if (const auto printed = out.finish(); !printed) return complain(kDisk, printed.error());
  if (!flags.quiet) {
    fmt::print(stderr, "overlap: {} would be fetched, {} would not, {} bad lines; nothing was done (--dry-run)\n",
               counts->fetched, counts->left, counts->bad_input);
  }
  return counts->bad_input > 0 ? kSomeFailed : 0;
}

int run_get(const GetFlags& flags) {
  auto plan = make_plan(flags);
  if (!plan) return complain(kUsage, plan.error());
  if (const auto names = check_names(flags); !names) return complain(kUsage, names.error());
  auto lists = open_lists(flags.input, plan->lists);
  if (!lists) return complain(kUsage, lists.error());
  if (flags.dry_run) return run_dry(flags, std::move(*plan), std::move(*lists));
  Descriptors there = raise_descriptor_limit();
  for (const std::string* file : {&flags.log, &flags.trace}) there.open += file->empty() ? 0 : 1;
  const auto fitted = fit_to(there, *plan);
  if (!fitted) return complain(kUsage, fitted.error());
  if (!fitted->empty() && !flags.quiet) fmt::print(stderr, "overlap: {}\n", *fitted);
  const std::string& directory = plan->run.config->directory;
  if (directory.empty()) {
    const auto ledger = Ledger::in_memory(flags.dedupe ? Ledger::Memory::remembers : Ledger::Memory::drops);
    if (!ledger) return complain(kDisk, ledger.error().message);
    return run_plan(flags, std::move(*plan), std::move(*lists), **ledger);
  }
  const auto opened = OutputDirectory::open(directory);
  if (!opened) return complain(kDisk, opened.error().message);
  const auto lock = opened->lock();
  if (!lock) return complain(kDisk, lock.error().message);
  const auto ledger = Ledger::open(*opened, ledger_options(flags, *plan));
  if (!ledger) return complain(ledger.error().is_usage ? kUsage : kDisk, ledger.error().message);
  plan->run.directory = *opened;
  if (const auto said = say_taken_names(flags, plan->names, **ledger); !said)
    return complain(kDisk, said.error().message);
  return run_plan(flags, std::move(*plan), std::move(*lists), **ledger);
}

}  // namespace

void add_get_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App* const command = app.add_subcommand("get", "Fetch a list of URLs, every one accounted for");
  add_get_flags(*command, *flags);
  command->footer(kExamples);
  command->callback([flags, &exit_code] { exit_code = run_get(*flags); });
}

}  // namespace overlap::get
