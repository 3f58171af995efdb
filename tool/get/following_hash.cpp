#include "get/following_hash.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include <overlap/executors/thread_pool_executor.hpp>

#include "get/part_file.hpp"

namespace overlap::get {
namespace {

constexpr std::uint64_t kPiece = 256 * 1024;         // read at once: it stays in the cache until it is hashed
constexpr std::uint64_t kWorthAsking = 1024 * 1024;  // what a thread is woken for

ThreadPoolExecutor& readers() {
  static ThreadPoolExecutor pool({.max_workers = available_cpus(), .name = "hash"});
  return pool;
}

}  // namespace

std::expected<FollowingHash, DiskError> FollowingHash::of(const PartFile& part, cli::Sha256&& begun,
                                                          std::uint64_t position) {
  auto file = part.open_again();
  if (!file) return std::unexpected(std::move(file.error()));
  return FollowingHash(std::make_shared<State>(*std::move(file), part.directory(), std::move(begun), position),
                       position);
}

FollowingHash::~FollowingHash() {
  if (state_) state_->is_stopped = true;
}

void FollowingHash::grown_to(std::uint64_t size) {
  state_->size = size;
  if (size - asked_at_ < kWorthAsking || state_->is_read.exchange(true)) return;
  asked_at_ = size;
  try {
    readers().submit([state = state_] { state->read_on(); });
  } catch (const BrokenExecutor&) {  // no thread can be started: all is left to the end
  }
}

Future<FollowingHash::Result> FollowingHash::finish() {
  state_->is_finishing = true;
  return readers().submit([state = state_] { return state->read_to_end(); });
}

void FollowingHash::State::read_on() {
  const detail::MutexLock lock(mutex);
  while (!is_finishing && read_piece()) {
  }
  is_read = false;  // what came since the last look is left to the next call
}

FollowingHash::Result FollowingHash::State::read_to_end() {
  const detail::MutexLock lock(mutex);
  while (read_piece()) {
  }
  if (error) return std::unexpected(*error);
  return hash.finish().hex();
}

/// False when there is nothing more to read, or nobody who wants it.
bool FollowingHash::State::read_piece() {
  const std::uint64_t left = size - position;
  if (left == 0 || error || is_stopped) return false;
  static thread_local std::vector<std::byte> piece(kPiece);
  const ssize_t got = ::pread(file.get(), piece.data(), std::min(left, kPiece), static_cast<off_t>(position));
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) {
    error = make_disk_error(got == 0 ? EIO : errno, "read what was received in", path);
    return false;
  }
  hash.update(std::span(piece).first(static_cast<std::size_t>(got)));
  position += static_cast<std::uint64_t>(got);
  return true;
}

}  // namespace overlap::get
