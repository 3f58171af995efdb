#include "get/run_outputs.hpp"

#include <fmt/format.h>

namespace overlap::get {

std::expected<void, std::string> RunOutputs::open(const std::string& log, const std::string& trace, RunPlan& plan) {
  if (!log.empty()) {
    auto opened = OutcomeLog::open(log);
    if (!opened) return std::unexpected(std::move(opened.error()));
    plan.log = &log_.emplace(std::move(*opened));
  }
  if (!trace.empty()) {
    if (auto opened = trace_file_.open(trace); !opened) return std::unexpected("--trace: " + opened.error());
    plan.trace = &trace_.emplace(Clock::now());
  }
  return {};
}

std::expected<void, std::string> RunOutputs::close() {
  if (log_) {
    log_->flush();
    if (log_->error()) return std::unexpected(*log_->error());
  }
  if (!trace_) return {};
  const auto written = trace_file_.write([this](std::ostream& out) { trace_->write(out, Clock::now()); });
  return written ? std::expected<void, std::string>() : std::unexpected("--trace: " + written.error());
}

}  // namespace overlap::get
