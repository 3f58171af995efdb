// The figures of each model, from its runs. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/significance.hpp"
#include "compare/statistics.hpp"

namespace overlap::compare {

struct ModelSummary {
  cli::Model model{};
  std::size_t workers = 1;  ///< threads or processes that do the work
  std::size_t at_once = 1;  ///< items under way at most
  std::size_t runs = 0;     ///< that count; if 0, nothing below means anything
  Spread seconds;
  std::optional<Interval> interval;  ///< of their median; nothing of a single run
  std::uint64_t failed_items = 0;    ///< of all these runs; if any did, no figure is compared to another model's
  double items_per_second = 0;       ///< of those that did not fail
  std::optional<double> speedup;     ///< over inline, if that was run
  std::optional<double> ideal_seconds;
  std::optional<double> efficiency;
  bool beats_ideal = false;  ///< what was taken for its ideal is none, and left out above: it was clearly faster
  double cpu_seconds = 0;    ///< median, as are those below that don't say otherwise
  double cpu_us_per_item = 0;
  double stalled_seconds = 0;     ///< that the thread of the run waited for a CPU
  std::uint64_t peak_memory = 0;  ///< bytes of the largest process, in the run that took most
  double start_seconds = 0;
  double origin_busy = 0;   ///< share of the time in which the busiest built-in origin used a CPU; 0: there is none
  double machine_busy = 0;  ///< share of all CPUs' time in which anything of this machine ran; 0: not known
  double cpus_busy = 0;     ///< share of all CPUs that the run and the origins used together
  std::size_t processes = 0;
  std::uint64_t resident_bytes = 0;  ///< of all processes together
};

/// Whether it has runs and nothing failed in them: only then is it compared to others, or called the fastest.
bool is_whole(const ModelSummary& summary);

/// One a model, in the order of the result.
std::vector<ModelSummary> summarise(const CompareOptions& options, const ComparisonResult& result, std::size_t cpus);

}  // namespace overlap::compare
