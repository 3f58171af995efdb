#pragma once

#include <CLI/App.hpp>

namespace overlap::serve {

/// Adds `overlap serve`. Its callback serves until SIGINT or SIGTERM, then sets `exit_code`: 0 once asked to stop, 2
/// for what cannot be listened on or used, 3 for a file that cannot be written. `exit_code` outlives the parse.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace overlap::serve
