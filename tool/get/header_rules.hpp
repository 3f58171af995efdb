#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace overlap::get {

/// Why a request may not have this header, for whoever gave it; nothing if it may. Never has the value, which may be a
/// secret.
std::optional<std::string> fault_of_header(std::string_view name, std::string_view value);

}  // namespace overlap::get
