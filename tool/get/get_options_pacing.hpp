#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "get/run.hpp"

namespace overlap::get {

/// How much is asked of the hosts at a time and in a time, and what is tried again.
struct PacingFlags {
  std::optional<std::int64_t> max_per_host;  ///< nothing: 6, or what -j auto finds
  std::string rate;                          ///< requests; empty: no limit
  std::string rate_per_host;
  std::string limit_rate = "0";

  int retry = 5;
  std::string retry_delay = "1s";
  std::string retry_max_time = "0";
  std::string max_retry_wait = "5m";
  std::string retry_on = "408,429,500,502,503,504";
  bool retry_all = false;

  std::string max_fail_rate = "0";
  std::string min_free_space = "0";
};

void add_pacing_flags(CLI::App& command, PacingFlags& flags);

/// Throws BadFlag.
void apply_pacing(const PacingFlags& flags, RunPlan& plan);

}  // namespace overlap::get
