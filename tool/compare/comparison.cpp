#include "compare/comparison.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>

#include "cli/escape.hpp"
#include "compare/measurement.hpp"
#include "compare/origins.hpp"
#include "compare/run_one.hpp"
#include "compare/temporary_directory.hpp"
#include "compare/workloads/list.hpp"

namespace overlap::compare {
namespace {

constexpr std::size_t kMaxComplaints = 10;

using Stopped = std::unexpected<CompareStop>;

class Comparison {
 public:
  Comparison(const CompareOptions& options, CompareObserver& observer, int interrupt, SharedOrigins& shared)
      : options_(options), observer_(observer), interrupt_(interrupt), shared_(shared) {}

  std::expected<ComparisonResult, CompareStop> run() {
    const bool is_first = !shared_.origins;
    if (is_first) {
      if (auto ready = start_origins(); !ready) return Stopped(ready.error());
    }
    if (options_.workload->saves_files) files_.emplace();
    if (options_.traces) traces_.emplace();
    if (is_first) {
      if (auto prepared = prepare(); !prepared) return Stopped(prepared.error());
    }
    result_.expected_digest = shared_.expected_digest;
    for (const cli::Model model : options_.models)
      result_.models.push_back({.model = model, .runs = {}, .failure = {}});
    for (int round = 1 - options_.warmup; round <= options_.repeat; ++round) {
      if (auto done = run_round(round); !done) return Stopped(done.error());
    }
    check_results(*options_.workload, result_);
    if (auto read = read_traces(); !read) return Stopped(read.error());
    return std::move(result_);
  }

 private:
  /// Whatever ends while everything is being interrupted has ended for that reason.
  Stopped stop(std::string why) const {
    pollfd watched{interrupt_, POLLIN, 0};
    return Stopped({.interrupted = poll(&watched, 1, 0) > 0, .why = std::move(why)});
  }

  std::expected<void, CompareStop> start_origins() {
    auto origins = Origins::start({.count = options_.workload->sites,
                                   .latency = options_.latency,
                                   .seed = options_.seed,
                                   .program = options_.program,
                                   .interrupt = interrupt_});
    if (!origins) return stop(origins.error());
    shared_.origins.emplace(std::move(*origins));
    return {};
  }

  /// The origins make what they hold before anything is measured, and what that is becomes known.
  std::expected<void, CompareStop> prepare() {
    if (options_.workload->expected_digest == nullptr) return {};
    observer_.preparing();
    RunSpec spec = spec_for(cli::Model::loop);
    spec.prepare = true;
    const auto prepared = run_child_for(std::move(spec));
    if (!prepared) return Stopped(prepared.error());
    if (!prepared->result) return stop(prepared->result.error());
    const RunResult& result = *prepared->result;
    shared_.expected_digest = result.expected_digest;
    if (!result.problems.empty()) return stop(result.problems.front());
    if (result.digest == result.expected_digest) return {};
    return stop("the origin's answers are not what it holds");
  }

  std::expected<void, CompareStop> run_round(int round) {
    for (ModelRuns& model : result_.models) {
      if (model.failure) continue;
      observer_.run_begins(round, model.model);
      RunSpec spec = spec_for(model.model);
      if (traces_) spec.trace_file = trace_file(model.model, round);
      auto child = run_child_for(std::move(spec));
      if (!child) return Stopped(child.error());
      if (!child->result) {
        model.failure = child->result.error();
        continue;
      }
      model.runs.push_back({.round = round,
                            .result = std::move(*child->result),
                            .process = child->end,
                            .origins_cpu = child->origins_cpu,
                            .busiest_origin_cpu = child->busiest_origin_cpu});
      observer_.run_ended(model.runs.back(), model.model);
    }
    return {};
  }

  std::string trace_file(cli::Model model, int round) const {
    return fmt::format("{}/{}{}.json", traces_->path(), cli::to_string(model), round);
  }

  /// All were written, so that all runs were measured alike; one of each model is read.
  std::expected<void, CompareStop> read_traces() {
    if (!traces_) return {};
    for (ModelRuns& model : result_.models) {
      const MeasuredRun* const run = median_run(model);
      if (run == nullptr) continue;
      auto trace = read_run_trace(trace_file(model.model, run->round));
      if (!trace) return stop(trace.error());
      model.trace = std::move(*trace);
      model.traced_round = run->round;
    }
    return {};
  }

  RunSpec spec_for(cli::Model model) const {
    RunSpec spec;
    spec.workload = options_.workload->name;
    spec.model = model;
    spec.workers = options_.workers;
    spec.max_concurrent = options_.max_concurrent;
    spec.sites = shared_.origins->urls();
    spec.seed = options_.seed;
    spec.latency = options_.latency;
    spec.sleep_unit = options_.sleep_unit;
    spec.list_file = options_.list_file;
    return spec;
  }

  struct ChildAnswer {
    std::expected<RunResult, std::string> result;  // or how the child failed
    cli::ChildEnd end;
    double origins_cpu = 0;
    double busiest_origin_cpu = 0;
  };

  std::expected<ChildAnswer, CompareStop> run_child_for(RunSpec spec) {
    if (files_) spec.directory = new_directory();
    cli::ChildOptions child;
    child.program = options_.program;
    child.arguments = {kRunCommand};
    // The origins are on this machine, whatever proxy the environment asks for.
    if (!spec.sites.empty()) child.environment = {{"no_proxy", "127.0.0.1"}, {"NO_PROXY", "127.0.0.1"}};
    const std::vector<Duration> before = shared_.origins->cpu();
    const auto run = cli::run_child(std::move(child), {.input = to_json(spec), .interrupt = interrupt_});
    if (files_) remove_directory(spec.directory);
    if (!run) return stop(run.error());
    if (run->how == cli::ChildRun::How::interrupted) return stop("interrupted");
    if (const auto death = shared_.origins->find_death()) return stop(*death);
    ChildAnswer answer{.result = read_answer(*run), .end = run->end};
    const std::vector<Duration> after = shared_.origins->cpu();
    for (std::size_t i = 0; i < after.size(); ++i) {
      const double used = to_seconds(after[i] - before[i]);
      answer.origins_cpu += used;
      answer.busiest_origin_cpu = std::max(answer.busiest_origin_cpu, used);
    }
    return answer;
  }

  std::string new_directory() const {
    const std::string path = files_->path() + "/run";
    std::filesystem::create_directory(path);
    return path;
  }

  static void remove_directory(const std::string& path) {
    std::error_code ignored;  // what is left goes with the directory around it
    std::filesystem::remove_all(path, ignored);
  }

  static std::expected<RunResult, std::string> read_answer(const cli::ChildRun& run) {
    if (run.end.is_success()) return parse_run_result(run.output);
    std::string_view said = run.error;
    while (said.ends_with('\n')) said.remove_suffix(1);
    return std::unexpected(fmt::format("its process {}{}{}", run.end.describe(), said.empty() ? "" : ": ",
                                       cli::escape_for_terminal(said, 1000)));
  }

  const CompareOptions& options_;
  CompareObserver& observer_;
  const int interrupt_;
  std::optional<TemporaryDirectory> files_;
  std::optional<TemporaryDirectory> traces_;
  SharedOrigins& shared_;
  ComparisonResult result_;
};

std::string name_of_run(const ModelRuns& model, const MeasuredRun& run) {
  if (run.round < 1) return fmt::format("{}, warm-up", cli::to_string(model.model));
  return fmt::format("{}, run {}", cli::to_string(model.model), run.round);
}

void check_run(const Workload& workload, const ModelRuns& model, const MeasuredRun& run, const std::string& digest,
               ComparisonResult& result) {
  const std::string name = name_of_run(model, run);
  for (const std::string& problem : run.result.problems) {
    result.complaints.push_back(fmt::format("{}: {}", name, cli::escape_for_terminal(problem, 500)));
  }
  if (run.result.failed > run.result.problems.size()) {
    result.complaints.push_back(fmt::format("{}: {} items failed in all", name, run.result.failed));
  }
  if (!run.result.problems.empty() || run.result.digest == digest) return;
  if (workload.may_change) {
    result.results_differ = true;
  } else {
    result.complaints.push_back(fmt::format("{}: the results are not those of the other runs", name));
  }
}

}  // namespace

std::size_t at_once(const CompareOptions& options, cli::Model model) {
  switch (model) {
    case cli::Model::inline_:
      return 1;
    case cli::Model::loop:
      return options.max_concurrent;
    default:
      return options.workers;
  }
}

const MeasuredRun* median_run(const ModelRuns& model) {
  std::vector<const MeasuredRun*> counted;
  for (const MeasuredRun& run : model.runs) {
    if (run.round >= 1) counted.push_back(&run);
  }
  if (counted.empty()) return nullptr;
  const auto middle = counted.begin() + static_cast<std::ptrdiff_t>((counted.size() - 1) / 2);
  std::ranges::nth_element(counted, middle, {}, [](const MeasuredRun* run) { return run->result.seconds; });
  return *middle;
}

std::expected<ComparisonResult, CompareStop> run_comparison(const CompareOptions& options, CompareObserver& observer,
                                                            int interrupt) {
  SharedOrigins own;
  return run_comparison(options, observer, interrupt, own);
}

std::expected<ComparisonResult, CompareStop> run_comparison(const CompareOptions& options, CompareObserver& observer,
                                                            int interrupt, SharedOrigins& origins) {
  return Comparison(options, observer, interrupt, origins).run();
}

void check_results(const Workload& workload, ComparisonResult& result) {
  std::string digest = result.expected_digest;
  for (const ModelRuns& model : result.models) {
    if (model.failure) {
      result.complaints.push_back(fmt::format("{}: {}", cli::to_string(model.model), *model.failure));
    }
    for (const MeasuredRun& run : model.runs) {
      if (digest.empty()) digest = run.result.digest;
      check_run(workload, model, run, digest, result);
    }
  }
  if (result.complaints.size() <= kMaxComplaints) return;
  const std::size_t more = result.complaints.size() - kMaxComplaints;
  result.complaints.resize(kMaxComplaints);
  result.complaints.push_back(fmt::format("and {} more", more));
}

}  // namespace overlap::compare
