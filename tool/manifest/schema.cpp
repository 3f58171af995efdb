#include "manifest/schema.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "cli/escape.hpp"

namespace overlap::manifest {
namespace {

constexpr std::int64_t kApplicationId = 0x4f564c50;  // "OVLP": file(1) and SQLite tell the file by it
constexpr std::int64_t kVersion = 2;

// items is kept in the order of its key: a resumed run reads it beside the list. docs/manifest.md explains the columns
// to those who query them; a change here is a new version there.
constexpr const char* kTables = R"(
CREATE TABLE lists(
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL UNIQUE,
  names TEXT NOT NULL
);
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  list INTEGER NOT NULL REFERENCES lists(id),
  began TEXT NOT NULL,
  ended TEXT,
  outcome TEXT,
  options TEXT NOT NULL,
  items INTEGER, ok INTEGER, failed INTEGER, skipped INTEGER, bad_input INTEGER, bytes INTEGER
);
CREATE TABLE items(
  list INTEGER NOT NULL REFERENCES lists(id),
  ordinal INTEGER NOT NULL,
  line INTEGER NOT NULL,
  url TEXT NOT NULL,
  final_url TEXT,
  state TEXT NOT NULL CHECK(state IN ('ok', 'failed', 'bad_input')),
  class TEXT,
  message TEXT,
  may_pass INTEGER NOT NULL,
  http_status INTEGER,
  tries INTEGER NOT NULL,
  bytes INTEGER,
  sha256 TEXT,
  content_type TEXT,
  etag TEXT,
  last_modified TEXT,
  path TEXT,
  same_as INTEGER,
  started TEXT,
  finished TEXT NOT NULL,
  seconds REAL,
  batch INTEGER,
  kept TEXT,
  PRIMARY KEY(list, ordinal)
) WITHOUT ROWID;
CREATE TABLE unsynced(batch INTEGER PRIMARY KEY);
)";

ManifestErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return ManifestErrorCode::full;
    case SQLITE_CORRUPT:
      return ManifestErrorCode::corrupt;
    case SQLITE_NOTADB:
      return ManifestErrorCode::not_ours;
    default:
      return ManifestErrorCode::unwritable;
  }
}

}  // namespace

ManifestError describe(const SqliteError& error, const std::string& file) {
  const ManifestErrorCode code = code_of(error.code);
  const std::string name = cli::escape_for_terminal(file);
  switch (code) {
    case ManifestErrorCode::corrupt:
      return {code, fmt::format("the manifest {} is damaged ({}); move it away to begin anew, or bring it back from a "
                                "copy",
                                name, error.what())};
    case ManifestErrorCode::not_ours:
      return schema_error(SchemaState::foreign, file);
    default:
      return {code, fmt::format("cannot use the manifest {}: {}", name, error.what())};
  }
}

void create_schema(Database& database) {
  database.execute("BEGIN IMMEDIATE");
  database.execute(kTables);
  database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT", kApplicationId, kVersion).c_str());
}

void upgrade_schema(Database& database) {
  if (schema_version(database) >= kVersion) return;
  // Version 1 had all but `kept`.
  database.execute("BEGIN IMMEDIATE; ALTER TABLE items ADD COLUMN kept TEXT");
  database.execute(fmt::format("PRAGMA user_version = {}; COMMIT", kVersion).c_str());
}

std::int64_t schema_version(Database& database) { return database.integer("PRAGMA user_version"); }

SchemaState schema_state(Database& database) {
  const std::int64_t application = database.integer("PRAGMA application_id");
  const std::int64_t version = schema_version(database);
  if (application == kApplicationId) return version > kVersion ? SchemaState::newer : SchemaState::ours;
  const bool is_empty = application == 0 && database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  return is_empty ? SchemaState::none : SchemaState::foreign;
}

ManifestError schema_error(SchemaState state, const std::string& file) {
  const std::string name = cli::escape_for_terminal(file);
  switch (state) {
    case SchemaState::newer:
      return {ManifestErrorCode::newer, fmt::format("the manifest {} was written by a newer version of overlap", name)};
    case SchemaState::none:
      return {ManifestErrorCode::missing, fmt::format("the manifest {} is empty", name)};
    default:
      return {ManifestErrorCode::not_ours, fmt::format("{} is no manifest of overlap", name)};
  }
}

}  // namespace overlap::manifest
