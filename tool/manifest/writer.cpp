#include "manifest/writer.hpp"

#include <sqlite3.h>

#include "manifest/open_to_read.hpp"
#include "manifest/read_item.hpp"

namespace overlap::manifest {
namespace {

constexpr int kPatience = 60'000;   // milliseconds, for a checkpoint to end
constexpr int kShortPatience = 50;  // for readers, while the writer waits for us
constexpr int kLargeLog = 16'384;   // pages: 64 MiB
constexpr std::size_t kForgetAtOnce = 50'000;

/// "INSERT OR ...", of a whole row.
std::string insert(const char* verb) {
  return std::string(verb) + " INTO items(list, " + kItemColumns +
         ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
}

std::int64_t to_int(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t to_count(std::int64_t value) { return static_cast<std::uint64_t>(value); }

Statement& bind_some(Statement& statement, std::uint64_t value) {
  return value == 0 ? statement.bind_null() : statement.bind(to_int(value));
}

void prepare(Database& database, CommitSync sync) {
  database.wait_when_busy(kPatience);
  database.execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;");
  database.execute(sync == CommitSync::disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
}

bool is_interrupted(const ItemRow& row) { return row.state == State::failed && row.error_class == "interrupted"; }

}  // namespace

struct Writer::Statements {
  Statements(Database& database, bool is_writing)
      : earlier(database,
                "SELECT ordinal, state, may_pass, url, path, bytes, class, same_as, batch FROM items "
                "WHERE list = ? AND ordinal > ? ORDER BY ordinal LIMIT ?"),
        find(database,
             "SELECT " + item_columns(schema_version(database)) + " FROM items WHERE list = ? AND ordinal = ?") {
    if (!is_writing) return;
    replace.emplace(database, insert("INSERT OR REPLACE"));
    add.emplace(database, insert("INSERT OR IGNORE"));
    begin_batch.emplace(database, "INSERT OR IGNORE INTO unsynced VALUES(?)");
    end_batch.emplace(database, "DELETE FROM unsynced WHERE batch = ?");
  }

  Statement earlier, find;
  std::optional<Statement> replace, add, begin_batch, end_batch;
};

void Writer::Close::operator()(Statements* statements) const { delete statements; }

Writer::Writer(std::string file, std::unique_ptr<Database> database, Access access)
    : file_(std::move(file)),
      access_(access),
      database_(std::move(database)),
      statements_(new Statements(*database_, access == Access::write)) {}

/// Calls it, and turns what SQLite throws into an error; no transaction is left open.
template <class F>
auto Writer::guarded(F body) -> Result<decltype(body())> {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (const SqliteError& error) {
    roll_back();
    return std::unexpected(describe(error, file_));
  }
}

void Writer::roll_back() {
  if (sqlite3_get_autocommit(database_->get()) == 0)
    sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Writer::Result<Writer> Writer::open(const std::string& file, CommitSync sync) {
  try {
    auto database = std::make_unique<Database>(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const SchemaState state = schema_state(*database);
    if (state != SchemaState::ours && state != SchemaState::none) return std::unexpected(schema_error(state, file));
    prepare(*database, sync);
    if (state == SchemaState::none) create_schema(*database);
    upgrade_schema(*database);
    return Writer(file, std::move(database), Access::write);
  } catch (const SqliteError& error) {
    return std::unexpected(describe(error, file));
  }
}

Writer::Result<Writer> Writer::look(const std::string& file) {
  try {
    auto database = open_to_look(file);
    const SchemaState state = schema_state(*database);
    if (state != SchemaState::ours) return std::unexpected(schema_error(state, file));
    return Writer(file, std::move(database), Access::look);
  } catch (const SqliteError& error) {
    return std::unexpected(describe(error, file));
  }
}

Writer::Result<std::optional<std::string>> Writer::begin_run(const RunStart& start) {
  return guarded([&]() -> std::optional<std::string> {
    if (auto other_names = find_list(start)) return other_names;
    if (access_ == Access::look) return std::nullopt;
    if (list_ == 0) add_list(start);
    if (start.forget) forget_items();
    Statement begin(*database_, "INSERT INTO runs(list, began, options) VALUES(?, ?, ?)");
    begin.bind(list_).bind(start.began).bind(start.options).run();
    run_ = to_count(sqlite3_last_insert_rowid(database_->get()));
    return std::nullopt;
  });
}

/// Sets list_, to 0 if there is no such list. Gives the names that it has, if those are not the ones that are wanted.
std::optional<std::string> Writer::find_list(const RunStart& start) {
  Statement find(*database_, "SELECT id, names FROM lists WHERE source = ?");
  if (!find.bind(start.source).step()) return std::nullopt;
  list_ = find.integer(0);
  const std::string names(find.text(1));
  find.reset();
  if (start.forget && access_ == Access::look) list_ = 0;
  if (names == start.names || list_ == 0) return std::nullopt;
  if (!start.forget) return names;
  Statement rename(*database_, "UPDATE lists SET names = ? WHERE id = ?");
  rename.bind(start.names).bind(list_).run();
  return std::nullopt;
}

void Writer::add_list(const RunStart& start) {
  Statement add(*database_, "INSERT INTO lists(source, names) VALUES(?, ?)");
  add.bind(start.source).bind(start.names).run();
  list_ = sqlite3_last_insert_rowid(database_->get());
}

/// In steps, so that no transaction grows with the list.
void Writer::forget_items() {
  Statement forget_batches(*database_, "DELETE FROM unsynced WHERE (SELECT list FROM runs WHERE id = batch >> 24) = ?");
  forget_batches.bind(list_).run();
  if (database_->integer("SELECT count(*) FROM lists") == 1) {
    database_->execute("DELETE FROM items");  // which SQLite does page by page
    return;
  }
  Statement forget(*database_,
                   "DELETE FROM items WHERE list = ?1 AND ordinal <= "
                   "(SELECT max(ordinal) FROM (SELECT ordinal FROM items WHERE list = ?1 ORDER BY ordinal LIMIT ?2))");
  do {
    forget.bind(list_).bind(to_int(kForgetAtOnce)).run();
  } while (sqlite3_changes(database_->get()) > 0);
}

Writer::Result<void> Writer::store(const Transaction& transaction) {
  return guarded([&] {
    database_->execute("BEGIN IMMEDIATE");
    for (const std::uint64_t batch : transaction.begun_batches) statements_->begin_batch->bind(to_int(batch)).run();
    for (const ItemRow& row : transaction.rows) put(row);
    for (const std::uint64_t batch : transaction.synced) statements_->end_batch->bind(to_int(batch)).run();
    database_->execute("COMMIT");
  });
}

void Writer::put(const ItemRow& row) {
  Statement& statement = is_interrupted(row) ? *statements_->add : *statements_->replace;
  statement.bind(list_).bind(to_int(row.ordinal)).bind(to_int(row.line)).bind(row.url).bind_some(row.final_url);
  statement.bind(to_string(row.state)).bind_some(row.error_class).bind_some(row.message);
  statement.bind(std::int64_t{row.may_pass});
  bind_some(statement, static_cast<std::uint64_t>(row.http_status)).bind(std::int64_t{row.tries});
  if (row.state == State::ok) {
    statement.bind(to_int(row.bytes));
  } else {
    statement.bind_null();
  }
  statement.bind_some(row.sha256).bind_some(row.content_type).bind_some(row.etag).bind_some(row.last_modified);
  statement.bind_some(row.path);
  bind_some(statement, row.same_as).bind_some(row.started).bind(row.finished).bind(row.seconds);
  bind_some(statement, row.batch).bind_some(row.kept).run();
}

Writer::Result<void> Writer::read_earlier(std::uint64_t ordinal, std::size_t limit, std::vector<EarlierRow>& rows) {
  return guarded([&] {
    Statement& earlier = statements_->earlier;
    earlier.bind(list_).bind(to_int(ordinal)).bind(to_int(limit));
    std::size_t count = 0;
    while (earlier.step()) {
      if (count == rows.size()) rows.emplace_back();
      EarlierRow& row = rows[count++];  // of an earlier call: its strings have room already
      row.ordinal = to_count(earlier.integer(0));
      row.state = state_of(earlier.text(1));
      row.may_pass = earlier.integer(2) != 0;
      row.url = earlier.text(3);
      row.path = earlier.text(4);
      row.bytes = to_count(earlier.integer(5));
      row.error_class = earlier.text(6);
      row.same_as = to_count(earlier.integer(7));
      row.batch = to_count(earlier.integer(8));
      row.has_size = false;
    }
    rows.resize(count);
  });
}

Writer::Result<std::optional<ItemRow>> Writer::find(std::uint64_t ordinal) {
  return guarded([&]() -> std::optional<ItemRow> {
    Statement& found = statements_->find;
    if (!found.bind(list_).bind(to_int(ordinal)).step()) return std::nullopt;
    ItemRow row = read_item(found);
    found.reset();
    return row;
  });
}

Writer::Result<void> Writer::each_stored(const std::function<void(const StoredRow&)>& visit) {
  return guarded([&] {
    Statement stored(*database_, "SELECT path, url, sha256 FROM items WHERE state = 'ok' ORDER BY list, ordinal");
    while (stored.step()) visit({stored.text(0), stored.text(1), stored.text(2)});
  });
}

Writer::Result<bool> Writer::has_other_lists() {
  return guarded([&] {
    Statement others(*database_, "SELECT EXISTS(SELECT 1 FROM items WHERE list < ?1 OR list > ?1)");
    return others.bind(list_).step() && others.integer(0) != 0;
  });
}

Writer::Result<std::uint64_t> Writer::last_ordinal() {
  return guarded([&] {
    Statement last(*database_, "SELECT max(ordinal) FROM items WHERE list = ?");
    return last.bind(list_).step() ? to_count(last.integer(0)) : 0;
  });
}

Writer::Result<std::vector<std::uint64_t>> Writer::unsynced() {
  return guarded([&] {
    std::vector<std::uint64_t> batches;
    Statement all(*database_, "SELECT batch FROM unsynced JOIN runs ON runs.id = batch >> 24 WHERE list = ?");
    all.bind(list_);
    while (all.step()) batches.push_back(to_count(all.integer(0)));
    return batches;
  });
}

Writer::Result<void> Writer::end_run(const RunRow& run) {
  return guarded([&] {
    Statement end(*database_,
                  "UPDATE runs SET ended = ?, outcome = ?, items = ?, ok = ?, failed = ?, skipped = ?, bad_input = ?, "
                  "bytes = ? WHERE id = ?");
    end.bind(run.ended).bind(run.outcome).bind(to_int(run.items)).bind(to_int(run.ok)).bind(to_int(run.failed));
    end.bind(to_int(run.skipped)).bind(to_int(run.bad_input)).bind(to_int(run.bytes)).bind(to_int(run_)).run();
  });
}

std::expected<void, ManifestError> Checkpointer::run() {
  try {
    if (!database_) {
      database_ = std::make_unique<Database>(file_, SQLITE_OPEN_READWRITE);
      database_->wait_when_busy(kShortPatience);
    }
    int pages = 0;
    int done = 0;
    int code = sqlite3_wal_checkpoint_v2(database_->get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    // The log begins anew only when all of it is in the database, which a busy writer would never leave time for.
    if (code == SQLITE_OK && pages > kLargeLog)
      code = sqlite3_wal_checkpoint_v2(database_->get(), nullptr, SQLITE_CHECKPOINT_RESTART, &pages, &done);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
      return std::unexpected(describe(SqliteError(code, sqlite3_errmsg(database_->get())), file_));
    return {};
  } catch (const SqliteError& error) {
    return std::unexpected(describe(error, file_));
  }
}

}  // namespace overlap::manifest
