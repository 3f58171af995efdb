#include "compare/statistics.hpp"

#include <algorithm>
#include <stdexcept>

namespace overlap::compare {

Spread spread_of(std::vector<double> values) {
  if (values.empty()) throw std::invalid_argument("no values");
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

double ideal_seconds(std::span<const Stage> stages, double at_once, double cpu_seconds, std::size_t cpus) {
  double waiting = 0;
  for (const Stage& stage : stages) waiting += std::max(stage.waiting / at_once, stage.longest);
  return std::max(waiting, cpu_seconds / static_cast<double>(cpus));
}

std::optional<double> efficiency(double ideal, double measured) {
  if (measured <= 0) return std::nullopt;
  return ideal / measured;
}

}  // namespace overlap::compare
