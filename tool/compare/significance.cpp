#include "compare/significance.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace overlap::compare {
namespace {

/// The probabilities of each number of pairs (one value of each list) in which that of the first list is the larger:
/// every order of all values is as likely as any other. Adds one value after the other in the order of size: it is of
/// the first list, and then larger than all of the second that came before, or it is of the second.
std::vector<double> rank_distribution(std::size_t a, std::size_t b) {
  // ways[i][u]: of i values of the first list among those so far, with u such pairs; for j of the second.
  std::vector<std::vector<double>> ways(a + 1, std::vector<double>(a * b + 1, 0));
  ways[0][0] = 1;
  // f(i, j, u) = f(i - 1, j, u - j) + f(i, j - 1, u)
  for (std::size_t i = 1; i <= a; ++i) ways[i][0] = 1;  // none of the second list yet: one order
  for (std::size_t j = 1; j <= b; ++j) {
    for (std::size_t i = 1; i <= a; ++i) {
      for (std::size_t u = j; u <= i * j; ++u) ways[i][u] += ways[i - 1][u - j];
    }
  }
  std::vector<double>& all = ways[a];
  double sum = 0;
  for (const double count : all) sum += count;
  for (double& count : all) count /= sum;
  return all;
}

constexpr std::size_t kExact = 40;  // beyond so many runs of each the normal distribution is as good

double normal_chance(double u, double a, double b) {
  const double mean = a * b / 2;
  const double deviation = std::sqrt(a * b * (a + b + 1) / 12);
  const double distance = std::max(std::abs(u - mean) - 0.5, 0.0) / deviation;
  return std::erfc(distance / std::sqrt(2.0));
}

double chance_of(double u, std::size_t a, std::size_t b) {
  if (a > kExact || b > kExact) return normal_chance(u, static_cast<double>(a), static_cast<double>(b));
  const double low = std::min(u, static_cast<double>(a * b) - u);
  const auto distribution = rank_distribution(a, b);
  double tail = 0;
  for (std::size_t i = 0; static_cast<double>(i) <= low; ++i) tail += distribution[i];
  return std::min(1.0, 2 * tail);
}

}  // namespace

std::optional<Interval> median_interval(std::vector<double> values) {
  const std::size_t n = values.size();
  if (n < 2) return std::nullopt;
  constexpr double kWanted = 0.95;
  std::ranges::sort(values);
  // It is outside of the k-th value from either end when fewer than k of n fair coins fall on one side.
  double outside = 2 * std::pow(0.5, static_cast<double>(n));
  std::size_t k = 1;
  double ways = 1;  // n over k
  for (; 2 * (k + 1) <= n; ++k) {
    ways *= static_cast<double>(n - k + 1) / static_cast<double>(k);
    const double next = outside + 2 * ways * std::pow(0.5, static_cast<double>(n));
    if (1 - next < kWanted) break;
    outside = next;
  }
  return Interval{values[k - 1], values[n - k], 1 - outside};
}

double chance_of_difference(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) return 1;
  double u = 0;
  for (const double x : a) {
    for (const double y : b) u += x > y ? 1 : x == y ? 0.5 : 0;
  }
  return chance_of(u, a.size(), b.size());
}

bool can_differ(std::size_t a, std::size_t b) { return a > 0 && b > 0 && chance_of(0, a, b) <= kChance; }

}  // namespace overlap::compare
