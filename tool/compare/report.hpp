// What people read: the table, and what stands around it.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "compare/bars.hpp"
#include "compare/comparison.hpp"
#include "compare/machine.hpp"
#include "compare/summary.hpp"

namespace overlap::compare {

/// Everything about one comparison that a report is made from.
struct Findings {
  const CompareOptions& options;
  const ComparisonResult& result;
  std::span<const ModelSummary> summaries;
  const Machine& machine;
};

/// Which work: "pages: 160 downloads: 2 sites x 80 pages, answered after 50ms".
std::string subject_of(const CompareOptions& options);

/// How it was run, on what: "5 workers; 5 runs of each model; 2 CPUs".
std::string conditions_of(const Findings& findings);

/// Text of at most 100 columns, ended by a newline; with bars where the style has room for them.
std::string report_text(const Findings& findings, const TextStyle& style = {});

/// Chrome trace events of the traced runs, each model a process by itself, all from the time 0.
void write_trace(std::ostream& out, const Findings& findings);

/// One JSON object with everything: options, machine, figures, every single run.
std::string report_json(const Findings& findings);

}  // namespace overlap::compare
