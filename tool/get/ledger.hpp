// What a run knows of earlier ones, and where the outcome of every entry goes.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "get/earlier_rows.hpp"
#include "get/output_directory.hpp"
#include "get/space_reserve.hpp"
#include "get/stored_files.hpp"
#include "manifest/housekeeper.hpp"
#include "manifest/writer.hpp"

namespace overlap::get {

/// When what a run has stored is made to survive a power failure.
enum class Fsync : std::uint8_t {
  none,
  batch,  ///< once a second, and at the end
  each,   ///< every file before it gets its name, every outcome when it is recorded
};

/// What an entry's outcome of an earlier run is worth.
enum class Standing : std::uint8_t {
  done,
  failed_for_good,  ///< the same request would fail again
  open,             ///< to be fetched
};

/// What else is fetched besides what is missing.
struct ResumeRules {
  bool retry_failed = false;  ///< what failed for good
  bool timestamping = false;  ///< what is here, unless the server says that it has not changed
};

/// Why outcomes cannot be kept.
struct LedgerError {
  bool is_full = false;   ///< no space is left
  bool is_usage = false;  ///< it is what was asked for that is wrong, not the disk
  std::string message;
};

/// The manifest of an output directory, as a run uses it. Used by the run's one thread.
///
/// Outcomes are recorded one by one and kept by commit(): the run commits what has ended before it starts anything in
/// its place, so a killed run has at most that to fetch again which was in flight.
class Ledger {
 public:
  struct Options {
    Fsync fsync = Fsync::batch;
    std::string source;   ///< what tells this list from others that go to the same directory
    std::string names;    ///< the template of the names
    std::string options;  ///< of the run, a JSON object for people
    bool forget = false;  ///< the outcomes of earlier runs with this list
  };

  /// Of a directory whose lock this run holds.
  static std::expected<std::unique_ptr<Ledger>, LedgerError> open(const OutputDirectory& directory, Options options);
  /// What earlier runs have left in `directory`, to look at only: nothing is written, not even where nothing is yet.
  static std::expected<std::unique_ptr<Ledger>, LedgerError> look(const std::string& directory, Options options);
  /// For a run that stores nothing. What is recorded is dropped or, if it `remembers`, kept in memory to be found.
  enum class Memory : std::uint8_t { drops, remembers };
  static std::expected<std::unique_ptr<Ledger>, LedgerError> in_memory(Memory memory);

  /// The row that earlier runs have left for this entry; null if none did. Asked in the order of the list. Valid until
  /// asked again. A manifest that cannot be read is an error that commit() reports.
  const manifest::EarlierRow* earlier(std::uint64_t ordinal);

  Standing standing(const manifest::EarlierRow& row, ResumeRules rules);
  /// Whether the body of an `ok` row has this digest; true where none is wanted.
  bool has_digest(const manifest::EarlierRow& row, const std::optional<std::string>& wanted);

  /// Whether the file of an `ok` row is there as it was stored. Its size tells, except for what a run stored in its
  /// last second before it died: of that nobody knows how much got to the disk, so it is read.
  bool is_in_place(const manifest::EarlierRow& row);
  bool is_in_place(const manifest::ItemRow& row) const;

  /// The row of an entry, of this run or an earlier one.
  std::optional<manifest::ItemRow> find(std::uint64_t ordinal);

  /// What earlier runs have stored, with other lists too: calls it for each file.
  std::expected<void, LedgerError> each_stored(const std::function<void(const manifest::StoredRow&)>& visit);

  /// Whether other lists have left anything in the directory.
  std::expected<bool, LedgerError> has_other_lists();

  /// The highest entry that earlier runs know.
  std::uint64_t last_ordinal() const { return last_ordinal_; }

  void record(manifest::ItemRow row);

  /// Keeps what was recorded. What could not be kept is tried again at the next call.
  std::expected<void, LedgerError> commit();

  /// Keeps, syncs and closes. `run` says how it ended.
  std::expected<void, LedgerError> finish(const manifest::RunRow& run);

 private:
  Ledger(manifest::Writer writer, std::optional<StoredFiles> files);

  static std::expected<std::unique_ptr<Ledger>, LedgerError> begin(manifest::Writer writer,
                                                                   std::optional<StoredFiles> files,
                                                                   const Options& options);
  void start_housekeeping(const OutputDirectory& directory, const std::string& file, Fsync fsync);
  bool has_size(manifest::State state, std::string_view path, std::uint64_t bytes) const;
  bool has_digest(const manifest::ItemRow& row) const;
  std::vector<std::uint64_t> newly_synced();
  enum class Reserve : std::uint8_t {
    kept,
    given
  };  // the space that is kept for the last rows, when there is no other
  std::expected<void, LedgerError> commit(Reserve reserve);
  std::expected<void, manifest::ManifestError> store(const manifest::Writer::Transaction& transaction, Reserve reserve);

  bool drops_ = false;  // what is recorded
  manifest::Writer writer_;
  std::optional<StoredFiles> files_;
  std::unique_ptr<manifest::Housekeeper> housekeeper_;
  SpaceReserve reserve_;  // so that what is stored can be recorded when bodies have filled the disk

  std::uint64_t last_ordinal_ = 0;
  std::optional<EarlierRows> earlier_;          // after what it reads from
  std::unordered_set<std::uint64_t> doubtful_;  // batches of dead runs

  std::vector<manifest::ItemRow> recorded_;  // not kept yet
  std::uint64_t last_batch_ = 0;             // that the manifest knows of
  std::uint64_t synced_batch_ = 0;           // the first that it does not know to be synced
  std::optional<LedgerError> error_;
};

}  // namespace overlap::get
