// What the figures say, in plain words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/report.hpp"

namespace overlap::compare {

/// What the work is made of, by what it took one item after the other.
enum class Nature {
  waits,     ///< I/O-bound: little but waiting
  computes,  ///< CPU-bound
  mixed,
};

/// The share of the time in which one task uses a CPU: CPU time over the time that all workers had together. Of the
/// inline model if that was run whole, else of the first one that was; nothing if none was.
std::optional<double> cpu_share(const Findings& findings);

Nature nature_of(double cpu_share);

/// Of what takes less than this one item after the other, the CPU time goes into beginning: the first connection, the
/// first use of everything. It is the quickest run that counts: on a busy machine others take longer for no work.
inline constexpr double kTooShort = 0.02;

/// Sentences, the most important first.
std::vector<std::string> reading_of(const Findings& findings);

}  // namespace overlap::compare
