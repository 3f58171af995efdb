#include "get/completions.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace overlap::get {

Completions::Completions() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Completions::push(std::uint64_t id) {
  const detail::MutexLock lock(mutex_);
  ended_.push_back(id);
  // Written under the lock: whoever takes the last one may destroy this object right after.
  const std::uint64_t one = 1;
  if (ended_.size() == ring_at_) [[maybe_unused]]
    const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Completions::linger(std::size_t enough, TimePoint until) {
  {
    const detail::MutexLock lock(mutex_);
    if (ended_.size() >= enough) return;
    ring_at_ = enough;
    clear();
  }
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - Clock::now());
  const timespec patience{.tv_sec = 0, .tv_nsec = std::clamp<long>(left.count(), 0, 999'999'999)};
  pollfd watched{wake_.get(), POLLIN, 0};
  ::ppoll(&watched, 1, &patience, nullptr);
}

void Completions::clear() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
}

std::vector<std::uint64_t> Completions::take() {
  std::vector<std::uint64_t> ended;
  const detail::MutexLock lock(mutex_);
  clear();
  ring_at_ = 1;
  std::swap(ended, ended_);
  return ended;
}

}  // namespace overlap::get
