// The tables of a manifest, and whether a file is one.
#pragma once

#include <cstdint>
#include <string>

#include "manifest/sqlite.hpp"

namespace overlap::manifest {

enum class ManifestErrorCode : std::uint8_t {
  missing,     ///< there is none
  not_ours,    ///< the file is something else
  newer,       ///< written by a later version of the program
  corrupt,     ///< damaged
  full,        ///< no space left to write to it
  unwritable,  ///< the disk failed, or it may not be written to
};

struct ManifestError {
  ManifestErrorCode code = ManifestErrorCode::unwritable;
  std::string message;  ///< names the file; fit to show
};

/// What an exception of SQLite's means for the manifest `file`.
ManifestError describe(const SqliteError& error, const std::string& file);

/// Makes the tables in a database that has none. Throws SqliteError.
void create_schema(Database& database);

/// Brings a manifest of an earlier version up to this one. Throws SqliteError.
void upgrade_schema(Database& database);
std::int64_t schema_version(Database& database);

/// Whether the database is a manifest that this version reads: nothing if so.
enum class SchemaState : std::uint8_t { ours, none, newer, foreign };
SchemaState schema_state(Database& database);

/// The error for a database whose schema is not ours.
ManifestError schema_error(SchemaState state, const std::string& file);

}  // namespace overlap::manifest
