#pragma once

#include <CLI/CLI.hpp>

namespace overlap::get {

/// Adds `overlap get`; when it is chosen, runs it and sets the exit code.
void add_get_command(CLI::App& app, int& exit_code);

}  // namespace overlap::get
