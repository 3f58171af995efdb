#pragma once

#include "manifest/rows.hpp"
#include "manifest/sqlite.hpp"

namespace overlap::manifest {

/// The columns that read_item() expects, in its order.
inline constexpr const char* kItemColumns =
    "ordinal, line, url, final_url, state, class, message, may_pass, http_status, tries, bytes, sha256, content_type, "
    "etag, last_modified, path, same_as, started, finished, seconds, batch";

/// The row that the statement stands at.
ItemRow read_item(const Statement& statement);

}  // namespace overlap::manifest
