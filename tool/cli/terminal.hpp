#pragma once

#include <cstddef>

namespace overlap::cli {

/// Whether this descriptor is a terminal that understands cursor movement (TERM is set and not "dumb").
bool is_live_terminal(int descriptor);

/// Columns of the terminal, or 80.
std::size_t terminal_width(int descriptor);

/// Whether what goes to this descriptor may have colours: NO_COLOR forbids them, FORCE_COLOR asks for them (but for
/// "0"), otherwise a live terminal has them.
bool wants_colour(int descriptor);

/// Whether the environment's locale (LC_ALL, LC_CTYPE or LANG, the first that is set) writes UTF-8.
bool is_utf8_locale();

}  // namespace overlap::cli
