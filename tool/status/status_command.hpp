#pragma once

namespace CLI {
class App;
}

namespace overlap::status {

/// Adds `overlap status DIR`; its exit code is left in `exit_code`.
void add_status_command(CLI::App& app, int& exit_code);

}  // namespace overlap::status
