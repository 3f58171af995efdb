#include "get/earlier_rows.hpp"

#include <algorithm>
#include <utility>

namespace overlap::get {
namespace {

constexpr std::size_t kChunk = 1024;  // rows; no read transaction is open longer than this takes
constexpr std::size_t kThreads = 2;   // more than the list and its rows can keep busy are of no use

void check_sizes(const StoredFiles& files, std::span<manifest::EarlierRow> rows) {
  for (manifest::EarlierRow& row : rows) {
    if (row.state != manifest::State::ok) continue;
    const auto size = files.size_of(row.path);
    row.has_size = size && *size == row.bytes;
  }
}

}  // namespace

EarlierRows::EarlierRows(manifest::Writer& writer, const std::optional<StoredFiles>& files, std::uint64_t last_ordinal)
    : writer_(writer), files_(files), last_ordinal_(last_ordinal) {}

EarlierRows::~EarlierRows() {
  wait_for_checks(current_);
  wait_for_checks(ahead_);
}

std::expected<const manifest::EarlierRow*, manifest::ManifestError> EarlierRows::at(std::uint64_t ordinal) {
  if (ordinal > last_ordinal_) {
    threads_.reset();
    return nullptr;
  }
  if (current_.next == current_.rows.size()) {
    if (const auto advanced = advance(ordinal); !advanced) return std::unexpected(advanced.error());
  }
  if (current_.next == current_.rows.size() || current_.rows[current_.next].ordinal != ordinal) return nullptr;
  return &current_.rows[current_.next++];
}

/// Goes to the chunk that begins at the entry, if it has a row, and begins with the one after that.
EarlierRows::Done EarlierRows::advance(std::uint64_t ordinal) {
  wait_for_checks(ahead_);
  std::swap(current_, ahead_);
  ahead_.rows.clear();
  ahead_.next = 0;
  if (current_.rows.empty() && ordinal > read_through_) {
    if (const auto begun = read(current_, ordinal - 1); !begun) return begun;
    wait_for_checks(current_);
  }
  if (read_through_ >= last_ordinal_) return {};
  return read(ahead_, read_through_);
}

EarlierRows::Done EarlierRows::read(Chunk& chunk, std::uint64_t after) {
  chunk.next = 0;
  auto read = writer_.read_earlier(after, kChunk, chunk.rows);
  if (!read) {
    chunk.rows.clear();
    return std::unexpected(std::move(read.error()));
  }
  read_through_ = chunk.rows.size() < kChunk ? last_ordinal_ : chunk.rows.back().ordinal;
  check(chunk);
  return {};
}

void EarlierRows::check(Chunk& chunk) {
  if (!files_) return;
  const std::span rows(chunk.rows);
  if (last_ordinal_ <= kChunk) return check_sizes(*files_, rows);  // not worth a thread
  if (!threads_)
    threads_ =
        std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = kThreads, .name = "sizes"});
  const std::size_t share = (rows.size() + kThreads - 1) / kThreads;
  for (std::size_t at = 0; at < rows.size(); at += share) {
    const auto some = rows.subspan(at, std::min(share, rows.size() - at));
    chunk.checks.push_back(threads_->submit([&files = *files_, some] { check_sizes(files, some); }));
  }
}

void EarlierRows::wait_for_checks(Chunk& chunk) {
  for (const Future<void>& future : chunk.checks) future.result();
  chunk.checks.clear();
}

}  // namespace overlap::get
