#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace overlap::get {

/// The file name of a Content-Disposition header (RFC 6266): that of `filename*` (RFC 8187: UTF-8 or ISO-8859-1) if it
/// is well formed, else that of `filename`, whatever the disposition's type. Only what follows its last slash or
/// backslash; nothing if none is left. Any bytes may be in it: it is a name only once make_safe_path() has made it one.
///
/// Servers leave out the type, quotes or escapes: what can still be told apart is taken.
std::optional<std::string> name_in_content_disposition(std::string_view header);

}  // namespace overlap::get
