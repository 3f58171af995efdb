#include "get/earlier_rows.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace overlap::get {
namespace {

constexpr std::size_t kChunk = 1024;  // rows; no read transaction is open longer than this takes
constexpr std::size_t kShare = 128;   // rows: 0.2 ms of a thread
constexpr std::size_t kThreads = 4;   // more than the list and its rows can keep busy are of no use

/// Beside this thread, which helps.
std::size_t threads_to_use() { return std::clamp<std::size_t>(available_cpus() - 1, 1, kThreads); }

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
  drop_checks(current_);
  for (Chunk& chunk : ahead_) drop_checks(chunk);
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

/// Goes to the next chunk, or to the one that begins at the entry. What comes after is read first, so that the threads
/// have something to do while this one waits or helps.
EarlierRows::Done EarlierRows::advance(std::uint64_t ordinal) {
  std::swap(current_, ahead_.front());
  std::ranges::rotate(ahead_, ahead_.begin() + 1);
  ahead_.back().rows.clear();
  ahead_.back().next = 0;
  const auto fill = [&](Chunk& chunk) -> Done {
    if (!chunk.rows.empty() || read_through_ >= last_ordinal_) return {};
    return read(chunk, std::max(read_through_, ordinal - 1));
  };
  Done filled = fill(current_);
  for (Chunk& chunk : ahead_) {
    if (filled) filled = fill(chunk);
  }
  finish_checks(current_);
  return filled;
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
  if (!threads_) {
    threads_ = std::make_unique<ThreadPoolExecutor>(
        ThreadPoolExecutor::Options{.max_workers = threads_to_use(), .name = "sizes"});
  }
  for (std::size_t at = 0; at < rows.size(); at += kShare) {
    const auto some = rows.subspan(at, std::min(kShare, rows.size() - at));
    try {
      chunk.checks.push_back({some, threads_->submit([&files = *files_, some] { check_sizes(files, some); })});
    } catch (const BrokenExecutor&) {  // no thread can be started
      check_sizes(*files_, some);
    }
  }
}

/// The threads begin at the front, this one at the back.
void EarlierRows::finish_checks(Chunk& chunk) {
  for (Check& check : std::views::reverse(chunk.checks)) {
    if (check.done.cancel()) check_sizes(*files_, check.rows);
  }
  for (const Check& check : chunk.checks) {
    if (check.done.cancelled()) continue;
    try {
      check.done.result();
    } catch (const BrokenExecutor&) {
      check_sizes(*files_, check.rows);
    }
  }
  chunk.checks.clear();
}

void EarlierRows::drop_checks(Chunk& chunk) {
  for (Check& check : chunk.checks) {
    if (!check.done.cancel()) check.done.exception();  // waits
  }
  chunk.checks.clear();
}

}  // namespace overlap::get
