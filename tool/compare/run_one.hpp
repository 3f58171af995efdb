// The part of a comparison that happens in a process of its own: one run under one model.
#pragma once

#include "compare/run_protocol.hpp"

namespace overlap::compare {

/// The name of the hidden command that does it: specification on standard input, result on standard output.
inline constexpr const char* kRunCommand = "compare-run";

/// Makes the executor, waits until its workers are there, does the work and checks the results. Throws what keeps it
/// from that; what fails in the work itself is in the result.
RunResult run_one(const RunSpec& spec);

/// The hidden command. Gives the exit code: 0 with a result on standard output, else 1 and why on standard error.
int run_from_standard_input();

}  // namespace overlap::compare
