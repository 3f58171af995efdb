#include "get/get_options.hpp"

#include <charconv>

#include <fmt/format.h>

#include <overlap/executors/available_cpus.hpp>

#include "cli/escape.hpp"
#include "cli/file_name.hpp"
#include "get/flag_values.hpp"

namespace overlap::get {
namespace {

constexpr std::int64_t kMostWorkers = 1024;
constexpr std::size_t kLoopConcurrency = 64;
constexpr std::size_t kMostFound = 1024;  // more of a host is no politeness, and of a run seldom a gain

using Error = std::unexpected<std::string>;

Fsync fsync_of(const GetFlags& flags) {
  return one_of<Fsync>("--fsync", flags.fsync, {{"none", Fsync::none}, {"batch", Fsync::batch}, {"each", Fsync::each}});
}

FetchConfig config_of(const GetFlags& flags) {
  FetchConfig config;
  config.no_clobber = flags.no_clobber;
  config.sync_each = fsync_of(flags) == Fsync::each;
  if (one_of<bool>("--to", flags.to, {{"files", true}, {"null", false}})) config.directory = flags.directory;
  config.limits.connect_timeout = duration_of("--connect-timeout", flags.connect_timeout);
  config.limits.max_time = duration_of("--max-time", flags.max_time);
  config.limits.low_speed_bytes = size_of("--speed-limit", flags.speed_limit);
  config.limits.low_speed_time = duration_of("--speed-time", flags.speed_time);
  config.limits.max_bytes = size_of("--max-filesize", flags.max_filesize);
  config.limits.max_redirects = 0;
  apply_http(flags.http, config);
  return config;
}

ConsoleReporter::Options reporter_of(const GetFlags& flags) {
  ConsoleReporter::Options options;
  options.progress = one_of<ProgressStyle>("--progress", flags.progress,
                                           {{"auto", ProgressStyle::automatic},
                                            {"bar", ProgressStyle::bar},
                                            {"plain", ProgressStyle::plain},
                                            {"json", ProgressStyle::json},
                                            {"none", ProgressStyle::none}});
  options.quiet = flags.quiet;
  options.verbose = flags.verbose;
  return options;
}

std::size_t concurrency_of(const std::string& text) {
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || stop != text.data() + text.size()) {
    throw BadFlag{
        fmt::format("--max-concurrent: '{}' is neither a number nor auto", cli::escape_for_terminal(text, 40))};
  }
  return count_of("--max-concurrent", count, kMostConcurrent);
}

// A request of the inline model, and of a worker, occupies what runs it; only the loop has more requests than workers.
void choose_concurrency(const GetFlags& flags, GetPlan& plan) {
  const auto model = cli::parse_model(flags.model);
  if (!model) throw BadFlag{fmt::format("--model: {}", model.error())};
  plan.model = *model;
  plan.workers = count_of("--workers", flags.workers, kMostWorkers);
  const bool workers_wait = plan.model == cli::Model::threads || plan.model == cli::Model::processes;
  plan.concurrency = plan.model == cli::Model::inline_ ? 1 : workers_wait ? plan.workers : kLoopConcurrency;
  plan.run.pacing.are_found = flags.max_concurrent == "auto";
  if (!flags.max_concurrent.empty()) {
    const std::size_t asked = plan.run.pacing.are_found ? kMostFound : concurrency_of(flags.max_concurrent);
    plan.concurrency = plan.model == cli::Model::loop ? asked : std::min(plan.concurrency, asked);
  }
  // For requests that hang: on a loop they cost nothing but a connection, and a thread that waits little more. Whoever
  // says 1 means one at a time.
  const bool can_spare = plan.model == cli::Model::loop || plan.model == cli::Model::threads;
  plan.run.pacing.spare = can_spare && plan.concurrency > 1 ? plan.concurrency : 0;
}

NamePlan names_of(const GetFlags& flags) {
  auto names = NameTemplate::parse(flags.name_template.empty() ? "{name}" : flags.name_template);
  if (!names) throw BadFlag{fmt::format("-o: {}", names.error())};
  return NamePlan(std::move(*names), flags.content_disposition ? NamePlan::Source::response : NamePlan::Source::list);
}

/// '-' is standard output, where the summary goes or the object of --json: neither could be told from what came with
/// it.
void refuse_standard_output(const GetFlags& flags) {
  constexpr const char* kWhy = "{}: '-' is standard output, which has the summary of the run: name a file";
  if (flags.http.cookie_jar == "-") throw BadFlag{fmt::format(kWhy, "-c")};
  if (flags.trace == "-") throw BadFlag{fmt::format(kWhy, "--trace")};
}

void limit_rate(const GetFlags& flags, GetPlan& plan, FetchConfig& config) {
  config.limit_rate = size_of("--limit-rate", flags.pacing.limit_rate);
  if (config.limit_rate == 0) return;
  plan.bandwidth = SharedBandwidth::create(config.limit_rate);
  config.bandwidth = plan.bandwidth->path();
  config.workers = plan.model == cli::Model::processes ? plan.workers : 1;
  // A download that is slow because it was told to be is not to be cut; one that stands still is.
  if (flags.max_time != GetFlags{}.max_time) return;
  if (config.limits.low_speed_bytes == 0) {
    config.limits.low_speed_bytes = 1;
    config.limits.low_speed_time = config.limits.max_time;
  }
  config.limits.max_time = {};
}

}  // namespace

std::expected<GetPlan, std::string> make_plan(const GetFlags& flags) {
  try {
    refuse_standard_output(flags);
    GetPlan plan;
    choose_concurrency(flags, plan);
    if (plan.model == cli::Model::processes && !flags.http.cookie_jar.empty())
      throw BadFlag{"-c: the processes of --model processes keep cookies of their own, which end with them"};
    plan.lists = list_options_of(flags.input);
    plan.names = names_of(flags);
    FetchConfig config = config_of(flags);
    limit_rate(flags, plan, config);
    config.late_names = plan.names.is_late();
    const bool loop_receives = plan.model == cli::Model::loop;
    config.has_spare_cpus = (loop_receives ? 1 : plan.concurrency) < available_cpus();
    plan.run.config = std::make_shared<const FetchConfig>(std::move(config));
    plan.run.pacing.max_concurrent = plan.concurrency;
    apply_pacing(flags.pacing, plan.run);
    if (flags.max_redirects < 0) throw BadFlag{"--max-redirs: must not be negative"};
    plan.run.max_redirects = flags.max_redirects;
    plan.run.fail_early = flags.fail_early;
    plan.run.runs_in_submit = plan.model == cli::Model::inline_;
    plan.run.retry_failed = flags.retry_failed;
    plan.run.timestamping = flags.timestamping;
    plan.run.dedupe = flags.dedupe;
    plan.fsync = fsync_of(flags);
    plan.reporter = reporter_of(flags);
    return plan;
  } catch (const BadFlag& bad) {
    return Error(bad.message);
  }
}

void add_get_flags(CLI::App& command, GetFlags& flags) {
  add_input_flags(command, flags.input);

  auto* output = command.add_option_group("Output");
  output->add_option("-P,--directory-prefix", flags.directory, "Where files are saved")
      ->type_name("DIR")
      ->capture_default_str();
  output
      ->add_option("-o,--output", flags.name_template,
                   "Names of the files: {host} {path} {name} {ext} {index} {index:08} {sha256}; default {name}")
      ->type_name("TEMPLATE");
  output->add_flag("--content-disposition", flags.content_disposition,
                   "{name} is what the server says it is, where it does");
  output->add_flag("--no-clobber", flags.no_clobber, "Leave files alone that are there already (also -nc)");
  output->add_option("--to", flags.to, "files, or null to receive and drop")->type_name("WHAT")->capture_default_str();
  output
      ->add_option("--fsync", flags.fsync,
                   "What a power failure may cost: none (whatever it likes), batch (about a second), each (nothing)")
      ->type_name("WHEN")
      ->capture_default_str();

  auto* model = command.add_option_group("Model");
  model->add_option("--model", flags.model, "inline, threads, loop or processes")
      ->type_name("MODEL")
      ->capture_default_str();
  model->add_option("--workers", flags.workers, "Threads or processes")->type_name("N")->capture_default_str();
  model
      ->add_option("-j,--max-concurrent", flags.max_concurrent,
                   "Requests at a time; loop: 64, others: a worker each; auto: found while running")
      ->type_name("N|auto");

  add_pacing_flags(command, flags.pacing);

  auto* resume = command.add_option_group("Resume (the same command again fetches only what is missing)");
  resume->add_flag("--retry-failed", flags.retry_failed, "Also fetch what failed for good before, such as a 404");
  resume->add_flag("-N,--timestamping", flags.timestamping, "Ask for what is here too, and fetch what has changed");
  resume->add_flag("--force", flags.force, "Forget what was done with this list and fetch everything");
  resume->add_flag("--dedupe", flags.dedupe, "Fetch a URL that is listed more than once only once");

  auto* limits = command.add_option_group("Limits");
  limits->add_option("--connect-timeout", flags.connect_timeout, "For a connection, name lookup and TLS included")
      ->type_name("TIME")
      ->capture_default_str();
  limits->add_option("--max-time", flags.max_time, "For one request")->type_name("TIME")->capture_default_str();
  limits->add_option("--speed-limit", flags.speed_limit, "Give up below this many bytes a second (0: never) ...")
      ->type_name("SIZE")
      ->capture_default_str();
  limits->add_option("--speed-time", flags.speed_time, "... for this long")->type_name("TIME")->capture_default_str();
  limits->add_option("--max-filesize", flags.max_filesize, "Refuse bodies that are larger (0: none)")
      ->type_name("SIZE")
      ->capture_default_str();
  limits->add_option("--max-redirs", flags.max_redirects, "Redirects to follow")->type_name("N")->capture_default_str();

  add_http_flags(command, flags.http);

  auto* run = command.add_option_group("Run");
  run->add_flag("-n,--dry-run", flags.dry_run, "Say what would be fetched, where to and why, and do nothing");
  run->add_flag("--fail-early", flags.fail_early, "Stop at the first failure");
  run->add_option("--progress", flags.progress, "auto, bar, plain, json or none")
      ->type_name("STYLE")
      ->capture_default_str();
  auto* const log = run->add_option("--log", flags.log,
                                    "Append a JSON line for every outcome and retry to this file; '-': standard error");
  cli::needs_a_name(log->type_name("FILE"));
  auto* const trace =
      run->add_option("--trace", flags.trace, "Write every request and its phases to this file, for ui.perfetto.dev");
  cli::needs_a_name(trace->type_name("FILE"));
  run->add_flag("--json", flags.json, "End with one JSON object on standard output");
  run->add_flag("-q,--quiet", flags.quiet, "No messages about single items, no progress");
  run->add_flag("-v,--verbose", flags.verbose,
                "Name every saved file and every retry; say at the end what bound the run");
}

}  // namespace overlap::get
