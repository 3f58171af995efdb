#pragma once

#include <span>
#include <string>

#include "manual/commands.hpp"

namespace overlap::manual {

// Scripts with which a shell completes the commands, flags and, where they are known, values of the program.

std::string bash_completion(std::span<const Command> commands);
std::string zsh_completion(std::span<const Command> commands);
std::string fish_completion(std::span<const Command> commands);

}  // namespace overlap::manual
