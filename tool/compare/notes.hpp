// What whoever reads the figures has to know to believe them no more than they deserve.
#pragma once

#include <string>
#include <vector>

#include "compare/report.hpp"

namespace overlap::compare {

/// Each a sentence that begins in lower case and has no full stop, so that it may stand behind a word such as "note:".
std::vector<std::string> notes_of(const Findings& findings);

}  // namespace overlap::compare
