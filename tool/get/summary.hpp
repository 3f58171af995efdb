#pragma once

#include <optional>
#include <string>

#include "get/bound.hpp"
#include "get/run.hpp"
#include "get/totals.hpp"

namespace overlap::get {

struct RunFigures {
  std::string model;
  std::size_t concurrency = 0;
  std::optional<Scheduler::Found> found = {};  ///< with -j auto
  Duration elapsed{};
  BoundTimes bound = {};
  bool has_manifest = false;    ///< outcomes are kept where the bodies are
  std::string what_bound = {};  ///< in words; empty: not to be said
};

/// The one object that --json ends the run with (its members are part of the command line's contract).
std::string summary_json(const Totals& totals, const RunFigures& figures);

/// What a person reads at the end; its last line is "Downloaded N in X seconds".
std::string summary_text(const Totals& totals, const RunFigures& figures);

/// The exit code of a run: 0 everything was fetched, 1 some items failed, 2 the list could not be read or is another
/// one, 3 local disk, 128 + the signal's number when interrupted. Of a complete run whose share of failures is below
/// `max_fail_rate` it is 0 in place of 1.
int exit_code_of(const Totals& totals, RunEnd end, int signal, double max_fail_rate);

}  // namespace overlap::get
