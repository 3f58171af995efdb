// What -h and --help print: examples first, then the flags in their groups. -h has only the flags that most need.
#pragma once

#include <string>
#include <utility>

#include <CLI/App.hpp>

#include "manual/commands.hpp"

namespace overlap::manual {

enum class HelpLength { brief, full };

/// Lines of at most 100 columns.
std::string help_text(const Command& command, HelpLength length);

/// The part of a footer that begins with "Examples:", up to an empty line, and the rest.
std::pair<std::string, std::string> split_examples(const std::string& footer);

/// Gives the program and its commands, those that are added later, their -h and --help.
void set_help(CLI::App& app);

}  // namespace overlap::manual
