#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "manifest/rows.hpp"
#include "manifest/schema.hpp"

namespace overlap::manifest {

/// How far a transaction has got when store() returns.
enum class CommitSync : std::uint8_t {
  system,  ///< to the system: a killed program loses nothing, a power failure the last of them, in order
  disk,    ///< to the disk
};

/// The manifest as the one run writes it that holds the directory's lock. Used by one thread.
///
/// Every store() is a transaction in SQLite's write-ahead log. Moving the log into the database needs syncs, for which
/// the one thread has no time: a Checkpointer does it beside.
class Writer {
 public:
  template <class T>
  using Result = std::expected<T, ManifestError>;

  struct RunStart {
    std::string source;   ///< tells lists apart
    std::string names;    ///< the template of the names
    std::string options;  ///< a JSON object, for people
    std::string began;
    bool forget = false;  ///< what earlier runs have come to with this list
  };

  struct Transaction {
    /// They replace what was there; but "not fetched because the run was stopped" replaces nothing.
    std::span<const ItemRow> rows;
    std::vector<std::uint64_t> begun_batches;  ///< their rows are in doubt until the batch is synced
    std::vector<std::uint64_t> synced;         ///< batches whose files are on the disk
  };

  /// Opens `file`, or makes it.
  static Result<Writer> open(const std::string& file, CommitSync sync);
  /// To look at an earlier run's, as if a run began: nothing is written, and store() is not to be called.
  static Result<Writer> look(const std::string& file);
  /// One that nobody will see again.
  static Result<Writer> open_in_memory() { return open(":memory:", CommitSync::system); }

  /// Finds or makes the list, and says that a run of it has begun. Called first, once. The template of an earlier run,
  /// if it is another one, is returned, and nothing has begun.
  Result<std::optional<std::string>> begin_run(const RunStart& start);

  Result<void> store(const Transaction& transaction);

  /// Up to `limit` rows after `ordinal`, in order, into `rows`.
  Result<void> read_earlier(std::uint64_t ordinal, std::size_t limit, std::vector<EarlierRow>& rows);
  Result<std::optional<ItemRow>> find(std::uint64_t ordinal);
  /// The rows of all lists that say `ok`, each list's in order.
  Result<void> each_stored(const std::function<void(const StoredRow&)>& visit);
  /// Whether there are rows of another list than this one.
  Result<bool> has_other_lists();
  /// The highest ordinal that has a row; 0: none has.
  Result<std::uint64_t> last_ordinal();

  /// The batches that this run may begin, in order: no other run has them.
  std::uint64_t first_batch() const { return run_ << 24 | 1; }
  /// Batches of dead runs of this list: whether the files of their rows ever got to the disk is not known.
  Result<std::vector<std::uint64_t>> unsynced();

  /// The counts and the outcome of this run, as in `run`.
  Result<void> end_run(const RunRow& run);

  std::uint64_t run_id() const { return run_; }

 private:
  struct Statements;
  struct Close {
    void operator()(Statements* statements) const;
  };

  enum class Access : std::uint8_t { write, look };
  Writer(std::string file, std::unique_ptr<Database> database, Access access);

  template <class F>
  auto guarded(F body) -> Result<decltype(body())>;
  std::optional<std::string> find_list(const RunStart& start);
  void add_list(const RunStart& start);
  void forget_items();
  void put(const ItemRow& row);
  void roll_back();

  std::string file_;
  Access access_ = Access::write;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Statements, Close> statements_;
  std::int64_t list_ = 0;
  std::uint64_t run_ = 0;
};

/// Moves the write-ahead log of a manifest into its database, on a connection of its own: so it may be another thread
/// than the writer's. Used by one thread.
class Checkpointer {
 public:
  explicit Checkpointer(std::string file) : file_(std::move(file)) {}

  /// May block for long: it syncs. Writers go on meanwhile, but for a moment when the log has grown large.
  std::expected<void, ManifestError> run();

 private:
  std::string file_;
  std::unique_ptr<Database> database_;
};

}  // namespace overlap::manifest
