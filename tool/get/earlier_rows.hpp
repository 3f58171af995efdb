#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <overlap/core/future.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "get/stored_files.hpp"
#include "manifest/writer.hpp"

namespace overlap::get {

/// The rows that earlier runs have left, read beside the list, some hundred at a time and in flat memory.
///
/// Most of the time that a resumed run takes goes into asking the system for the sizes of files. So while one chunk of
/// rows is gone through, other threads ask about those of the next two; what they have not begun when it is needed is
/// asked here. Used by one thread.
class EarlierRows {
 public:
  /// Both must outlive it. Without files nothing is asked.
  EarlierRows(manifest::Writer& writer, const std::optional<StoredFiles>& files, std::uint64_t last_ordinal);
  ~EarlierRows();
  EarlierRows(const EarlierRows&) = delete;
  EarlierRows& operator=(const EarlierRows&) = delete;

  /// The row of an entry, null if there is none. Asked in order; valid until asked again.
  std::expected<const manifest::EarlierRow*, manifest::ManifestError> at(std::uint64_t ordinal);

 private:
  struct Check {
    std::span<manifest::EarlierRow> rows;
    Future<void> done;
  };
  struct Chunk {
    std::vector<manifest::EarlierRow> rows;
    std::size_t next = 0;  // that was not asked for yet
    std::vector<Check> checks;
  };
  using Done = std::expected<void, manifest::ManifestError>;

  Done advance(std::uint64_t ordinal);
  Done read(Chunk& chunk, std::uint64_t after);
  void check(Chunk& chunk);
  void finish_checks(Chunk& chunk);
  static void drop_checks(Chunk& chunk);

  manifest::Writer& writer_;
  const std::optional<StoredFiles>& files_;
  const std::uint64_t last_ordinal_;
  std::uint64_t read_through_ = 0;  // all rows up to here were read into a chunk
  std::unique_ptr<ThreadPoolExecutor> threads_;
  Chunk current_;
  std::array<Chunk, 2> ahead_;
};

}  // namespace overlap::get
