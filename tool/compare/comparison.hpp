#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <overlap/core/time.hpp>
#include <string>
#include <vector>

#include "cli/models.hpp"
#include "cli/run_child.hpp"
#include "compare/origins.hpp"
#include "compare/run_protocol.hpp"
#include "compare/run_trace.hpp"
#include "compare/workload.hpp"

namespace overlap::compare {

/// What to compare: the command line with its defaults filled in.
struct CompareOptions {
  const Workload* workload = nullptr;
  std::string list_file;  ///< of the list workload
  std::string sample_of;  ///< the list that list_file is a sample of; empty: it is none
  std::size_t urls = 0;   ///< of that list
  std::vector<cli::Model> models;
  std::size_t workers = 1;
  std::size_t max_concurrent = 1;
  int repeat = 1;
  int warmup = 0;
  Duration latency{};
  Duration sleep_unit{};
  bool traces = false;  ///< every run is recorded, and the trace of one of each model is kept
  std::uint64_t seed = 1;
  std::string program = "/proc/self/exe";  ///< that does the runs
};

/// How many items that model has under way at once.
std::size_t at_once(const CompareOptions& options, cli::Model model);

struct MeasuredRun {
  int round = 0;  ///< from 1; 0 and below are for warming up and don't count
  RunResult result;
  cli::ChildEnd process;          ///< its whole life: start and end of the program included
  double origins_cpu = 0;         ///< seconds that the built-in origins used meanwhile, all together
  double busiest_origin_cpu = 0;  ///< the most that one of them did
};

struct ModelRuns {
  cli::Model model{};
  std::vector<MeasuredRun> runs;       ///< in order, those for warming up first
  std::optional<std::string> failure;  ///< why there are no more
  std::optional<RunTrace> trace = {};  ///< of the run in the middle of those that count, by the time that it took
  int traced_round = 0;                ///< which that is
};

struct ComparisonResult {
  std::vector<ModelRuns> models;
  std::string expected_digest;          ///< that every run must have; empty: not known
  std::vector<std::string> complaints;  ///< about failed runs, failed items and wrong results; empty: all is well
  bool results_differ = false;          ///< between runs, where that may be (see Workload::may_change)
};

/// Told of what goes on.
class CompareObserver {
 public:
  virtual ~CompareObserver() = default;
  virtual void preparing() {}
  virtual void run_begins(int /*round*/, cli::Model /*model*/) {}
  virtual void run_ended(const MeasuredRun& /*run*/, cli::Model /*model*/) {}
};

/// Why a comparison has no result.
struct CompareStop {
  bool interrupted = false;
  std::string why;
};

/// What the runs of a comparison talk to, for comparisons that follow each other: made by the first of them.
struct SharedOrigins {
  std::optional<Origins> origins;
  std::string expected_digest;
};

/// Does all the runs, each in a process of its own, the models taking turns, so that what slows the machine down for a
/// while slows them all. A model whose run dies is left out from then on. Blocks, until `interrupt` becomes readable at
/// the latest. Leaves no process and no file behind.
std::expected<ComparisonResult, CompareStop> run_comparison(const CompareOptions& options, CompareObserver& observer,
                                                            int interrupt);

/// The same with origins that outlive it: comparisons of the same workload, latency and seed may share them.
std::expected<ComparisonResult, CompareStop> run_comparison(const CompareOptions& options, CompareObserver& observer,
                                                            int interrupt, SharedOrigins& origins);

/// The run whose time is the median of those that count; of an even number, the faster one of the two in the middle.
/// Null: there is none.
const MeasuredRun* median_run(const ModelRuns& model);

/// What is wrong with results that should be alike: a complaint for each run that failed in part or whose digest is not
/// the expected one (or, if there is none, that of the first run).
void check_results(const Workload& workload, ComparisonResult& result);

}  // namespace overlap::compare
