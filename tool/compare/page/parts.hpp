#pragma once

#include <string_view>

namespace overlap::compare {

/// page.html with page.css and the scripts in it; "{{data}}" stands where the figures go. Made by the build.
extern const std::string_view kPageTemplate;

}  // namespace overlap::compare
