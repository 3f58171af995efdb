#pragma once

#include <span>
#include <string>

#include "manual/commands.hpp"

namespace overlap::manual {

/// The page of section 1 for a command, in the language of man(7); `all` are those that it refers to.
std::string man_page(const Command& command, std::span<const Command> all);

/// "overlap-get.1", "overlap.1"
std::string man_page_name(const Command& command);

}  // namespace overlap::manual
