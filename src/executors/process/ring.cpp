#include "executors/process/ring.hpp"

#include <algorithm>
#include <cstring>

namespace overlap::detail {

std::size_t RingWriter::room() const {
  // acquire: pairs with the release in take(), so that nothing is overwritten before it was read.
  const std::uint64_t unread = written_ - counters_->taken.load(std::memory_order_acquire);
  if (unread > bytes_.size()) throw MalformedFrame();
  return bytes_.size() - static_cast<std::size_t>(unread);
}

std::size_t RingWriter::put(std::span<const char> bytes) {
  const std::size_t count = std::min(bytes.size(), room());
  const std::size_t at = static_cast<std::size_t>(written_) & (bytes_.size() - 1);
  const std::size_t first = std::min(count, bytes_.size() - at);
  std::copy_n(bytes.data(), first, bytes_.data() + at);
  std::copy_n(bytes.data() + first, count - first, bytes_.data());
  written_ += count;
  return count;
}

bool RingWriter::wants_room() {
  // Sequentially consistent, as the two steps in take(): the flag is set before the count is looked at, which is raised
  // before the flag is.
  counters_->writer_waits.store(1);
  const std::uint64_t unread = written_ - counters_->taken.load();
  if (unread > bytes_.size()) throw MalformedFrame();
  return unread < bytes_.size();
}

std::span<const char> RingReader::readable() const {
  // acquire: pairs with the release in publish().
  const std::uint64_t count = counters_->written.load(std::memory_order_acquire) - taken_;
  if (count > bytes_.size()) throw MalformedFrame();
  const std::size_t at = static_cast<std::size_t>(taken_) & (bytes_.size() - 1);
  return bytes_.subspan(at, std::min(static_cast<std::size_t>(count), bytes_.size() - at));
}

bool RingReader::take(std::size_t count) noexcept {
  taken_ += count;
  counters_->taken.store(taken_);
  return counters_->writer_waits.load() != 0 && counters_->writer_waits.exchange(0) != 0;
}

}  // namespace overlap::detail
