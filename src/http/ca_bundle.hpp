#pragma once

#include <string>

namespace overlap::http::detail {

/// The file of the certificates that this system trusts: libcurl's own, or where other distributions keep it; empty if
/// there is none, in which case no certificate can be verified and every handshake fails.
const std::string& system_ca_file();

}  // namespace overlap::http::detail
