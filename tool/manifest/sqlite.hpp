// As much of SQLite as the manifest needs, with owners and exceptions.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace overlap::manifest {

/// What SQLite could not do. Caught where the manifest meets its users; none of them sees it.
struct SqliteError : std::runtime_error {
  SqliteError(int extended_code, const std::string& message) : std::runtime_error(message), code(extended_code) {}
  int code;  ///< an extended result code
};

/// A connection. Used by one thread.
class Database {
 public:
  /// `flags` as for sqlite3_open_v2(); a symbolic link is never followed.
  Database(const std::string& file, int flags);

  /// Runs statements that give no rows.
  void execute(const char* sql);
  /// The first column of the first row.
  std::int64_t integer(const char* sql);
  /// How long a statement waits for another connection.
  void wait_when_busy(int milliseconds);

  sqlite3* get() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

/// A prepared statement. Must not outlive its database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  /// Sets the next parameter. Text is not copied: it must stay until the statement has run.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_null();
  /// Text, or null if there is none.
  Statement& bind_some(std::string_view text) { return text.empty() ? bind_null() : bind(text); }

  /// Goes to the next row; false at the end, after which parameters are bound anew.
  bool step();
  /// Runs to the end.
  void run();
  /// Leaves the rest of the rows, as the end of the rows does by itself.
  void reset();

  std::int64_t integer(int column) const;
  double real(int column) const;
  /// Empty for null. Valid until the next step().
  std::string_view text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  void check(int code) const;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

}  // namespace overlap::manifest
