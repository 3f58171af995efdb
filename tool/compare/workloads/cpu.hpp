#pragma once

#include <cstdint>

namespace overlap::compare {

/// 128 bits in two halves: a plain value, so that it crosses from a worker process.
struct WideSum {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const WideSum&, const WideSum&) = default;
};

/// 0^2 + 1^2 + ... + (n-1)^2, added up one by one. n is at most 2^32.
WideSum sum_of_squares(std::uint64_t n);

/// The same by its formula, (n-1) n (2n-1) / 6.
WideSum sum_of_squares_by_formula(std::uint64_t n);

}  // namespace overlap::compare
