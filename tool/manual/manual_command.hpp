#pragma once

namespace CLI {
class App;
}

namespace overlap::manual {

/// Adds `completion SHELL`, which prints a script, and the hidden `manual DIR`, which writes what an installation has
/// below share/: the manual pages and the scripts of all shells. Call it after all other commands are there.
void add_manual_commands(CLI::App& app, int& exit_code);

}  // namespace overlap::manual
