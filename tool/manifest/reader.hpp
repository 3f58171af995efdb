#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "manifest/rows.hpp"
#include "manifest/schema.hpp"

namespace overlap::manifest {

/// The manifest of an output directory, to look at; also while a run writes to it, and on a medium that cannot be
/// written to. Used by one thread.
class Reader {
 public:
  template <class T>
  using Result = std::expected<T, ManifestError>;

  /// The manifest of `directory`; `missing` if it has none.
  static Result<Reader> open(const std::string& directory);

  struct Count {
    State state{};
    std::string error_class;
    bool may_pass = false;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
  };
  Result<std::vector<Count>> counts();

  /// The last run, if there was one.
  Result<std::optional<RunRow>> last_run();

  /// Every row, or those of one state, by list and ordinal. The rows are those of one moment, however long it takes.
  /// `visit` returns whether to go on.
  Result<void> each(std::optional<State> state, const std::function<bool(const ItemRow&)>& visit);

  /// Whether SQLite finds the file whole; reads all of it.
  Result<void> check();

 private:
  Reader(std::string file, std::unique_ptr<Database> database)
      : file_(std::move(file)), database_(std::move(database)) {}

  std::string file_;
  std::unique_ptr<Database> database_;
};

}  // namespace overlap::manifest
