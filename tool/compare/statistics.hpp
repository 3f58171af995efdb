// From single runs to what is shown. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "compare/workload.hpp"

namespace overlap::compare {

struct Spread {
  double median = 0;  ///< of an even number, half way between the two in the middle
  double min = 0;
  double max = 0;
};

/// Of at least one value.
Spread spread_of(std::vector<double> values);

/// The shortest time in which a model could do the work: no less than its waits, added up, shared among as many as it
/// has under way at once; than the longest of them; and than the CPU time, shared among all CPUs. Stages wait for each
/// other.
double ideal_seconds(std::span<const Stage> stages, double at_once, double cpu_seconds, std::size_t cpus);

/// ideal / measured; nothing if there is nothing to divide by.
std::optional<double> efficiency(double ideal, double measured);

}  // namespace overlap::compare
