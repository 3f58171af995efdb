// `compare --advise`: measures what the work gains from more at once, and says what to use.
#pragma once

#include <expected>
#include <vector>

#include "compare/advice.hpp"
#include "compare/comparison.hpp"

namespace overlap::compare {

struct Sweeps {
  Probe single;  ///< the inline model
  std::vector<std::vector<Probe>> models;
  WorkFacts facts;
};

/// Runs the inline model, then each other model that is asked for with 2, 4, 8 ... at once for as long as that gains
/// something. Told of every run by the observer. `host_limit` as in WorkFacts.
std::expected<Sweeps, CompareStop> run_sweeps(const CompareOptions& options, std::size_t cpus, std::size_t host_limit,
                                              CompareObserver& observer, int interrupt);

}  // namespace overlap::compare
