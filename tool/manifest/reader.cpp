#include "manifest/reader.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/escape.hpp"
#include "manifest/open_to_read.hpp"
#include "manifest/read_item.hpp"

namespace overlap::manifest {
namespace {

namespace fs = std::filesystem;

template <class F>
auto guarded(const std::string& file, F body) -> std::expected<decltype(body()), ManifestError> {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (const SqliteError& error) {
    return std::unexpected(describe(error, file));
  }
}

std::uint64_t count_of(const Statement& statement, int column) {
  return static_cast<std::uint64_t>(statement.integer(column));
}

}  // namespace

Reader::Result<Reader> Reader::open(const std::string& directory) {
  std::error_code error;
  const fs::path file = fs::canonical(directory, error) / ".overlap" / "manifest.sqlite";
  if (error || !fs::is_regular_file(fs::symlink_status(file, error))) {
    return std::unexpected(ManifestError{ManifestErrorCode::missing, fmt::format("no run has stored anything in {}",
                                                                                 cli::escape_for_terminal(directory))});
  }
  try {
    auto database = open_to_read(file);
    const SchemaState state = schema_state(*database);
    if (state != SchemaState::ours) return std::unexpected(schema_error(state, file));
    return Reader(file, std::move(database));
  } catch (const SqliteError& failure) {
    return std::unexpected(describe(failure, file));
  }
}

Reader::Result<std::vector<Reader::Count>> Reader::counts() {
  return guarded(file_, [&] {
    std::vector<Count> counts;
    Statement all(*database_,
                  "SELECT state, class, may_pass, count(*), total(bytes) FROM items GROUP BY state, class, may_pass "
                  "ORDER BY state, count(*) DESC");
    while (all.step()) {
      counts.push_back(
          {state_of(all.text(0)), std::string(all.text(1)), all.integer(2) != 0, count_of(all, 3), count_of(all, 4)});
    }
    return counts;
  });
}

Reader::Result<std::optional<RunRow>> Reader::last_run() {
  return guarded(file_, [&]() -> std::optional<RunRow> {
    Statement last(
        *database_,
        "SELECT runs.id, source, began, ended, outcome, options, items, ok, failed, skipped, bad_input, bytes "
        "FROM runs JOIN lists ON lists.id = list ORDER BY runs.id DESC LIMIT 1");
    if (!last.step()) return std::nullopt;
    RunRow run;
    run.id = count_of(last, 0);
    run.source = last.text(1);
    run.began = last.text(2);
    run.ended = last.text(3);
    run.outcome = last.text(4);
    run.options = last.text(5);
    run.items = count_of(last, 6);
    run.ok = count_of(last, 7);
    run.failed = count_of(last, 8);
    run.skipped = count_of(last, 9);
    run.bad_input = count_of(last, 10);
    run.bytes = count_of(last, 11);
    return run;
  });
}

Reader::Result<void> Reader::each(std::optional<State> state, const std::function<bool(const ItemRow&)>& visit) {
  return guarded(file_, [&] {
    const std::string wanted = state ? fmt::format(" WHERE state = '{}'", to_string(*state)) : "";
    const std::string columns = item_columns(schema_version(*database_));
    Statement items(*database_, fmt::format("SELECT {} FROM items{} ORDER BY list, ordinal", columns, wanted));
    while (items.step()) {
      if (!visit(read_item(items))) return;
    }
  });
}

Reader::Result<void> Reader::check() {
  std::string found;
  const auto read = guarded(file_, [&] {
    Statement check(*database_, "PRAGMA quick_check(1)");
    if (check.step()) found = check.text(0);
  });
  if (!read || found == "ok") return read;
  return std::unexpected(describe(SqliteError(SQLITE_CORRUPT, found), file_));
}

}  // namespace overlap::manifest
