#pragma once

#include <memory>
#include <string>

#include "manifest/sqlite.hpp"

namespace overlap::manifest {

/// A manifest to read, also while a run writes to it, and on a medium that cannot be written to. Throws SqliteError.
std::unique_ptr<Database> open_to_read(const std::string& file);

/// The same, leaving no trace: SQLite puts files beside the database only where a run has left some or is under way.
std::unique_ptr<Database> open_to_look(const std::string& file);

}  // namespace overlap::manifest
