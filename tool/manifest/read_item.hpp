#pragma once

#include <cstdint>
#include <string>

#include "manifest/rows.hpp"
#include "manifest/sqlite.hpp"

namespace overlap::manifest {

/// The columns that read_item() expects, in its order. A manifest of version 1 has no `kept`.
inline constexpr const char* kItemColumns =
    "ordinal, line, url, final_url, state, class, message, may_pass, http_status, tries, bytes, sha256, content_type, "
    "etag, last_modified, path, same_as, started, finished, seconds, batch, kept";

inline std::string item_columns(std::int64_t version) {
  const std::string all = kItemColumns;
  return version >= 2 ? all : all.substr(0, all.rfind("kept")) + "NULL";
}

/// The row that the statement stands at.
ItemRow read_item(const Statement& statement);

}  // namespace overlap::manifest
