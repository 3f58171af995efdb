#pragma once

#include <CLI/App.hpp>

namespace overlap::compare {

/// Adds `overlap compare`, and the hidden command by which it runs its measurements. Their callbacks set `exit_code`:
/// 0; 1 when a run failed or a result was wrong; 2 for what cannot be compared; 128 and the signal's number when
/// interrupted. `exit_code` outlives the parse.
void add_compare_command(CLI::App& app, int& exit_code);

}  // namespace overlap::compare
