#pragma once

namespace overlap {

/// Parses the command line, runs the command, and gives the exit code: 2 for a command line that is wrong.
int run_program(int argc, const char* const* argv);

}  // namespace overlap
