// International host names.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace overlap::get {

/// The ASCII form that DNS knows ("münchen.de" gives "xn--mnchen-3ya.de"), by the same rules the HTTP client follows.
///
/// The mapping can yield any ASCII character (a full-width solidus becomes '/'), so the result must be checked as a
/// host name of its own. Errors: not UTF-8, or a name that IDNA does not allow. Safe from any thread.
std::expected<std::string, std::string> host_to_ascii(std::string_view host);

}  // namespace overlap::get
