#pragma once

namespace CLI {
class App;
}

namespace overlap::verify {

/// Adds `overlap verify DIR`; its exit code is left in `exit_code`.
void add_verify_command(CLI::App& app, int& exit_code);

}  // namespace overlap::verify
