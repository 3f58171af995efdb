#pragma once

#include <string>

namespace overlap::cli {

/// The path that symbolic links lead to, whether there is a file or not. What leads nowhere is given back.
std::string followed(const std::string& name);

}  // namespace overlap::cli
