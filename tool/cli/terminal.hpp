#pragma once

#include <cstddef>

namespace overlap::cli {

/// Whether this descriptor is a terminal that understands cursor movement (TERM is set and not "dumb").
bool is_live_terminal(int descriptor);

/// Columns of the terminal, or 80.
std::size_t terminal_width(int descriptor);

}  // namespace overlap::cli
