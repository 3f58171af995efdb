// What the flags of a command are where the command line does not say. In this order, the first that says something:
//   1. the environment: OVERLAP_MAX_PER_HOST=12 for --max-per-host
//   2. the project's file, overlap.toml in the current directory
//   3. the user's file, overlap/config.toml in $XDG_CONFIG_HOME, or in ~/.config
// Files are TOML, with a table for each command: [get] and below it `max-per-host = 12`.
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace overlap::cli {

/// Paths of the files that are read where they exist, the one with the most say first.
std::vector<std::string> settings_files();

/// Sets the flags of `command`, whose command line has been read, that it did not give. Throws CLI::ValidationError,
/// which names the variable, or the file and line, of a setting that is wrong.
void apply_settings(CLI::App& command, const std::vector<std::string>& files = settings_files());

}  // namespace overlap::cli
