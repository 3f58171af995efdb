// An earlier comparison, to see what has become faster or slower since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "compare/report.hpp"

namespace overlap::compare {

/// What matters of the JSON that an earlier comparison has written.
struct Baseline {
  struct Model {
    std::string name;
    std::vector<double> seconds;  ///< of the runs that count
  };
  std::string workload;
  std::string options;      ///< as JSON, without the list and those of measuring: how often, which models
  std::string list;         ///< the file of URLs; empty: the workload has none
  std::uint64_t items = 0;  ///< of a run; 0: there was none
  std::string machine;      ///< "AMD EPYC, 2 CPUs"
  std::vector<Model> models;
};

/// Errors say what is wrong with the text.
std::expected<Baseline, std::string> parse_baseline(std::string_view text);
std::expected<Baseline, std::string> read_baseline(const std::string& file);

/// How a model does beside its baseline.
struct Change {
  enum class Verdict {
    faster,
    slower,
    alike,    ///< no more apart than chance sets them
    too_few,  ///< no result of so few runs could be told from chance
  };
  std::string model;
  Verdict verdict = Verdict::alike;
  double before = 0;  ///< median seconds
  double now = 0;
  double chance = 1;  ///< of chance alone setting them so far apart
};

/// A row for each model that both have.
std::vector<Change> changes_since(const Baseline& baseline, const Findings& findings);

/// Why the two cannot be compared, or can only with care; empty: nothing stands against it.
std::vector<std::string> doubts_about(const Baseline& baseline, const Findings& findings);

/// For people: the doubts, then a line a change, which nobody is to believe before.
std::string baseline_text(const Baseline& baseline, const Findings& findings);

}  // namespace overlap::compare
