#pragma once

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <overlap/core/time.hpp>

namespace overlap::manifest {

/// Does what would hold up the loop of a run, on a thread of its own and at most once in an interval: syncs the files
/// that rows name, then moves the manifest's log into its database. Sleeps for as long as no rows come.
///
/// Rows fall into batches. A batch is closed before a sync begins, so that the sync covers every file that its rows
/// name: they had their names before the row was given its batch.
class Housekeeper {
 public:
  using Step = std::function<std::expected<void, std::string>()>;

  struct Options {
    Step sync;        ///< none: nothing is synced, and rows have no batch
    Step checkpoint;  ///< failing is no error: the next commit will tell
    Duration interval = std::chrono::seconds(1);
    std::uint64_t first_batch = 1;
  };

  explicit Housekeeper(Options options);
  /// Does not sync what is left.
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// The batch of the rows that are recorded now; 0 if they need none.
  std::uint64_t batch();

  /// Up to this one all batches are on the disk.
  std::uint64_t synced_through() const;

  /// Why a sync failed; after that there are no more.
  std::optional<std::string> error() const;

  /// Syncs what is left, if anything is, and ends the thread.
  std::expected<void, std::string> finish();

 private:
  enum class Ending : std::uint8_t { no, after_work, at_once };

  void run();
  void end(Ending how);

  const Options options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t open_batch_;  // this and what follows: guarded by mutex_
  std::uint64_t synced_through_ = 0;
  bool has_rows_ = false;  // since the last batch was closed
  std::optional<std::string> error_;
  Ending ending_ = Ending::no;
  std::thread thread_;  // the owner's
};

}  // namespace overlap::manifest
