// Which types of bodies are wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace overlap::get {

/// Whether a Content-Type is of one of these: "text/html", or "image/*" for all below it. Its parameters and the case
/// of its letters do not matter. The patterns are in lower case; none means that all are wanted.
bool is_wanted_type(std::string_view content_type, const std::vector<std::string>& patterns);

}  // namespace overlap::get
