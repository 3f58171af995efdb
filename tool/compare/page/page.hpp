// The report that is looked at in a browser.
#pragma once

#include <iosfwd>
#include <string>

#include "compare/report.hpp"

namespace overlap::compare {

/// One HTML file with everything in it: it asks no server and no other file for anything.
void write_page(std::ostream& out, const Findings& findings);

/// What the page shows, as JSON that may stand in a script element: no "<" is in it.
std::string page_data(const Findings& findings);

}  // namespace overlap::compare
