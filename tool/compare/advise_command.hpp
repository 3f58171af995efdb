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
  LeftOut left_out;
};

/// Runs the inline model, then each other model that is asked for with 2, 4, 8 ... at once for as long as that gains
/// something. URLs that fail in the inline run are left out from then on; where the servers refuse so much at once, the
/// most that they accept is found and no model tries more. Told of every run by the observer.
std::expected<Sweeps, CompareStop> run_sweeps(CompareOptions options, std::size_t cpus, CompareObserver& observer,
                                              int interrupt);

}  // namespace overlap::compare
