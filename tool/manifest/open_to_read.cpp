#include "manifest/open_to_read.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <system_error>

namespace overlap::manifest {
namespace {

namespace fs = std::filesystem;

constexpr int kPatience = 10'000;  // milliseconds

/// `file` as a URI, which must not change while it is read: then SQLite needs to write nothing beside it.
std::string immutable_uri(const std::string& file) {
  std::string uri = "file:";
  for (const char c : file) {
    const bool is_special = c == '?' || c == '#' || c == '%';
    uri += is_special ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri + "?immutable=1";
}

bool has_log(const std::string& file) {
  std::error_code none;
  const auto bytes = fs::file_size(file + "-wal", none);
  return !none && bytes > 0;
}

}  // namespace

std::unique_ptr<Database> open_to_read(const std::string& file) {
  try {
    auto database = std::make_unique<Database>(file, SQLITE_OPEN_READONLY);
    database->wait_when_busy(kPatience);
    database->integer("SELECT count(*) FROM sqlite_schema");  // whether it can be read shows only now
    return database;
  } catch (const SqliteError&) {
    // In a directory that cannot be written to there is no place for the locks; nor is there anybody who writes.
    // A log that holds something must not be passed over.
    if (has_log(file)) throw;
    return std::make_unique<Database>(immutable_uri(file), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  }
}

std::unique_ptr<Database> open_to_look(const std::string& file) {
  if (has_log(file)) return open_to_read(file);
  return std::make_unique<Database>(immutable_uri(file), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

}  // namespace overlap::manifest
