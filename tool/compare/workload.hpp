// The jobs that are compared. Each is written once, and runs unchanged under every model.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/measurement.hpp"
#include "compare/run_protocol.hpp"

namespace overlap {
class Executor;
}

namespace overlap::compare {

/// A part of the work that begins when the one before has ended, as seen by someone who knows how long all of it waits.
struct Stage {
  double waiting = 0;  ///< seconds, added up over its items
  double longest = 0;  ///< seconds, of the longest of them
};

/// What to do and what is known of it. Plain functions: the run happens in a process of its own.
struct Workload {
  /// How the results are shown.
  enum class Report {
    totals,  ///< a row a model
    parts,   ///< and a table of the parts
    counts,  ///< a row for each way to count, under each model
  };

  std::string_view name;
  std::string_view verb;     ///< begins a line about one run: "Downloaded"
  std::string_view checked;  ///< what is said to have been checked when nothing was wrong
  Report report = Report::totals;
  std::size_t sites = 0;                    ///< how many origins are started for it
  bool saves_files = false;                 ///< needs a directory
  bool one_worker_a_cpu = false;            ///< the default of --workers; otherwise 5, as in the jobs this began with
  std::size_t max_concurrent = 64;          ///< the default of -j
  int repeat = 5;                           ///< the default of --repeat
  int warmup = 1;                           ///< the default of --warmup
  bool may_change = false;                  ///< the results are somebody else's, who may answer differently each time
  std::string (*describe)(const RunSpec&);  ///< "160 downloads: 2 sites x 80 pages"

  /// For the ideal time; null: what the items took, one after the other.
  std::vector<Stage> (*stages)(const RunSpec&) = nullptr;
  /// Does it, measures it, checks it. `executor` is ready.
  void (*run)(Executor& executor, const RunSpec&, Measurement&, RunResult&) = nullptr;
  /// The digest that all runs must have, worked out without the network; null: nobody knows.
  std::string (*expected_digest)(const RunSpec&) = nullptr;
};

/// In the order in which the help names them.
std::span<const Workload> workloads();

/// Null: no such name.
const Workload* find_workload(std::string_view name);

/// The name under which a list of URLs is known here.
inline constexpr std::string_view kListWorkload = "list";

}  // namespace overlap::compare
