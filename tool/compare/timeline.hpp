// From the trace of a run to what is drawn of it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compare/run_trace.hpp"
#include "compare/task_phases.hpp"

namespace overlap::compare {

/// A lane a worker; in each lane tasks follow each other.
struct Timeline {
  struct Piece {
    Phase phase{};
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
  };
  struct Task {
    std::uint32_t name = 0;  ///< an index of the trace's names
    std::uint32_t lane = 0;
    std::int64_t queued_ns = 0;
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
    TraceSpan::End end{};
    std::vector<Piece> phases;  ///< in order, beside each other
  };

  std::vector<std::string> lanes;
  std::vector<Task> tasks;  ///< in the order of their beginnings; those that never began are left out
};

/// `packs`: the tasks of a loop, which all run on one thread, are laid into as many lanes as were under way at once.
Timeline make_timeline(const RunTrace& trace, bool packs);

/// Of all tasks, added up, by phase.
std::array<double, kPhases> seconds_by_phase(const Timeline& timeline);

}  // namespace overlap::compare
