#pragma once

#include <CLI/App.hpp>

namespace overlap::cli {

/// Has an option refuse a name of no letters, as "$F" is where F is not set: without this it would be as if the flag
/// had not been given.
CLI::Option* needs_a_name(CLI::Option* option);

}  // namespace overlap::cli
