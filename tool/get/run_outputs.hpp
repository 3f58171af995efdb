// What a run writes besides bodies and manifest: its log (--log) and its trace (--trace).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "cli/output_file.hpp"
#include "get/outcome_log.hpp"
#include "get/request_trace.hpp"
#include "get/run.hpp"

namespace overlap::get {

class RunOutputs {
 public:
  /// Opens what has a name, so that a wrong one costs no waiting, and tells the plan. Must outlive the run.
  std::expected<void, std::string> open(const std::string& log, const std::string& trace, RunPlan& plan);
  /// To be called when the run is over.
  std::expected<void, std::string> close();

 private:
  std::optional<OutcomeLog> log_;
  std::optional<RequestTrace> trace_;
  cli::OutputFile trace_file_;
};

}  // namespace overlap::get
