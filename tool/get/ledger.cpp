#include "get/ledger.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "manifest/utc.hpp"

namespace overlap::get {
namespace {

constexpr const char* kManifest = "manifest.sqlite";
constexpr long kReserve = 512 * 1024;  // bytes: the rows of some hundred requests, twice

LedgerError to_error(const manifest::ManifestError& error) {
  return {.is_full = error.code == manifest::ManifestErrorCode::full, .message = error.message};
}

LedgerError to_error(const DiskError& error) { return {.is_full = error.is_out_of_space(), .message = error.message}; }

}  // namespace

Ledger::Ledger(manifest::Writer writer, std::optional<StoredFiles> files)
    : writer_(std::move(writer)), files_(std::move(files)) {}

std::expected<std::unique_ptr<Ledger>, LedgerError> Ledger::open(const OutputDirectory& directory, Options options) {
  const std::string file = directory.meta_file(kManifest);
  auto writer = manifest::Writer::open(
      file, options.fsync == Fsync::each ? manifest::CommitSync::disk : manifest::CommitSync::system);
  if (!writer) return std::unexpected(to_error(writer.error()));
  auto files = StoredFiles::open(directory.path());
  if (!files) return std::unexpected(to_error(files.error()));
  auto ledger = begin(std::move(*writer), std::move(*files), options);
  if (ledger) {
    (*ledger)->reserve_ = SpaceReserve(directory.meta_file("."), kReserve);
    (*ledger)->start_housekeeping(directory, file, options.fsync);
  }
  return ledger;
}

std::expected<std::unique_ptr<Ledger>, LedgerError> Ledger::look(const std::string& directory, Options options) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(directory, error);
  const std::string file = path / ".overlap" / kManifest;
  if (error || !std::filesystem::exists(file, error)) return in_memory(Memory::drops);
  auto writer = manifest::Writer::look(file);
  if (!writer) return std::unexpected(to_error(writer.error()));
  auto files = StoredFiles::open(path);
  if (!files) return std::unexpected(to_error(files.error()));
  return begin(std::move(*writer), std::move(*files), options);
}

std::expected<std::unique_ptr<Ledger>, LedgerError> Ledger::in_memory(Memory memory) {
  auto writer = manifest::Writer::open_in_memory();
  if (!writer) return std::unexpected(to_error(writer.error()));
  auto ledger = begin(std::move(*writer), std::nullopt, {});
  if (ledger) (*ledger)->drops_ = memory == Memory::drops;
  return ledger;
}

std::expected<std::unique_ptr<Ledger>, LedgerError> Ledger::begin(manifest::Writer writer,
                                                                  std::optional<StoredFiles> files,
                                                                  const Options& options) {
  const auto other_names = writer.begin_run({.source = options.source,
                                             .names = options.names,
                                             .options = options.options,
                                             .began = manifest::utc_text(std::chrono::system_clock::now()),
                                             .forget = options.forget});
  if (!other_names) return std::unexpected(to_error(other_names.error()));
  if (*other_names) {
    return std::unexpected(LedgerError{false, true,
                                       "this list was fetched before with -o '" + **other_names +
                                           "', which would give other names than '" + options.names +
                                           "': use that, or --force to fetch everything anew, or another directory"});
  }
  const auto last = writer.last_ordinal();
  if (!last) return std::unexpected(to_error(last.error()));
  const auto unsynced = writer.unsynced();
  if (!unsynced) return std::unexpected(to_error(unsynced.error()));

  std::unique_ptr<Ledger> ledger(new Ledger(std::move(writer), std::move(files)));
  ledger->last_ordinal_ = *last;
  ledger->earlier_.emplace(ledger->writer_, ledger->files_, *last);
  ledger->doubtful_.insert(unsynced->begin(), unsynced->end());
  return ledger;
}

void Ledger::start_housekeeping(const OutputDirectory& directory, const std::string& file, Fsync fsync) {
  manifest::Housekeeper::Options options;
  if (fsync == Fsync::batch) {
    options.sync = [directory]() -> std::expected<void, std::string> {
      const auto synced = directory.sync_all();
      if (!synced) return std::unexpected(synced.error().message);
      return {};
    };
  }
  const auto checkpointer = std::make_shared<manifest::Checkpointer>(file);
  options.checkpoint = [checkpointer]() -> std::expected<void, std::string> {
    const auto done = checkpointer->run();
    if (!done) return std::unexpected(done.error().message);
    return {};
  };
  options.first_batch = synced_batch_ = writer_.first_batch();
  housekeeper_ = std::make_unique<manifest::Housekeeper>(std::move(options));
  // The files of a dead run are in the system's memory at best: the first sync is theirs too.
  if (!doubtful_.empty()) housekeeper_->batch();
}

const manifest::EarlierRow* Ledger::earlier(std::uint64_t ordinal) {
  const auto row = earlier_->at(ordinal);
  if (row) return *row;
  error_ = to_error(row.error());
  return nullptr;
}

Standing Ledger::standing(const manifest::EarlierRow& row, ResumeRules rules) {
  switch (row.state) {
    case manifest::State::ok:
      return rules.timestamping || !is_in_place(row) ? Standing::open : Standing::done;
    case manifest::State::failed:
      return rules.retry_failed || row.may_pass ? Standing::open : Standing::failed_for_good;
    case manifest::State::bad_input:
      break;  // by another version, which read URLs otherwise
  }
  return Standing::open;
}

bool Ledger::has_digest(const manifest::EarlierRow& row, const std::optional<std::string>& wanted) {
  if (!wanted || row.state != manifest::State::ok) return true;
  const auto whole = find(row.ordinal);
  return whole && whole->sha256 == *wanted;
}

bool Ledger::is_in_place(const manifest::EarlierRow& row) {
  if (!row.has_size) return false;
  if (!doubtful_.contains(row.batch)) return true;
  const auto whole = find(row.ordinal);
  return whole && has_digest(*whole);
}

bool Ledger::is_in_place(const manifest::ItemRow& row) const {
  return has_size(row.state, row.path, row.bytes) && (!doubtful_.contains(row.batch) || has_digest(row));
}

bool Ledger::has_size(manifest::State state, std::string_view path, std::uint64_t bytes) const {
  if (!files_ || state != manifest::State::ok) return false;
  const auto size = files_->size_of(path);
  return size && *size == bytes;
}

bool Ledger::has_digest(const manifest::ItemRow& row) const {
  const auto content = files_->read(row.path);
  return content && *content && (*content)->digest.hex() == row.sha256;
}

std::optional<manifest::ItemRow> Ledger::find(std::uint64_t ordinal) {
  const auto recorded = std::ranges::find(recorded_, ordinal, &manifest::ItemRow::ordinal);
  if (recorded != recorded_.end()) return *recorded;
  auto found = writer_.find(ordinal);
  if (found) return *std::move(found);
  error_ = to_error(found.error());
  return std::nullopt;
}

std::expected<void, LedgerError> Ledger::each_stored(const std::function<void(const manifest::StoredRow&)>& visit) {
  const auto read = writer_.each_stored(visit);
  if (!read) return std::unexpected(to_error(read.error()));
  return {};
}

std::expected<bool, LedgerError> Ledger::has_other_lists() {
  const auto has = writer_.has_other_lists();
  if (!has) return std::unexpected(to_error(has.error()));
  return *has;
}

void Ledger::record(manifest::ItemRow row) {
  if (drops_) return;
  if (housekeeper_) row.batch = housekeeper_->batch();
  if (row.state != manifest::State::ok) row.batch = 0;
  recorded_.push_back(std::move(row));
}

/// The batches that are on the disk and that the manifest does not know to be.
std::vector<std::uint64_t> Ledger::newly_synced() {
  std::vector<std::uint64_t> batches;
  if (!housekeeper_) return batches;
  for (const std::uint64_t through = housekeeper_->synced_through(); synced_batch_ <= through; ++synced_batch_) {
    batches.push_back(synced_batch_);
  }
  return batches;
}

std::expected<void, LedgerError> Ledger::commit() { return commit(Reserve::kept); }

std::expected<void, LedgerError> Ledger::commit(Reserve reserve) {
  if (error_) return std::unexpected(*error_);
  if (housekeeper_) {
    if (auto error = housekeeper_->error()) return std::unexpected(LedgerError{.message = *error});
  }
  if (recorded_.empty()) return {};
  manifest::Writer::Transaction transaction;
  transaction.rows = recorded_;
  std::uint64_t last_batch = last_batch_;
  for (const manifest::ItemRow& row : recorded_) {
    if (row.batch > last_batch) transaction.begun_batches.push_back(last_batch = row.batch);
  }
  transaction.synced = newly_synced();
  const auto stored = store(transaction, reserve);
  if (!stored) return std::unexpected(to_error(stored.error()));
  last_batch_ = last_batch;
  recorded_.clear();
  return {};
}

// While bodies come what is released is theirs as soon as the rows': what is not stored then is at the end.
std::expected<void, manifest::ManifestError> Ledger::store(const manifest::Writer::Transaction& transaction,
                                                           Reserve reserve) {
  auto stored = writer_.store(transaction);
  const bool is_full = !stored && stored.error().code == manifest::ManifestErrorCode::full;
  if (is_full && reserve == Reserve::given && reserve_.release()) stored = writer_.store(transaction);
  return stored;
}

std::expected<void, LedgerError> Ledger::finish(const manifest::RunRow& run) {
  const auto kept = commit(Reserve::given);
  const auto synced = housekeeper_ ? housekeeper_->finish() : std::expected<void, std::string>();
  if (!kept) return kept;
  if (!synced) return std::unexpected(LedgerError{.message = synced.error()});
  manifest::Writer::Transaction transaction;
  transaction.synced = newly_synced();
  // The whole list has been gone through, so every row of theirs has been looked at.
  if (run.outcome == "complete")
    transaction.synced.insert(transaction.synced.end(), doubtful_.begin(), doubtful_.end());
  const auto stored = store(transaction, Reserve::given);
  if (!stored) return std::unexpected(to_error(stored.error()));
  const auto ended = writer_.end_run(run);
  if (!ended) return std::unexpected(to_error(ended.error()));
  return {};
}

}  // namespace overlap::get
