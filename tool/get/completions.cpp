#include "get/completions.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace overlap::get {

Completions::Completions() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Completions::watch(std::uint64_t id, const Future<Receipt>& future) {
  future.add_done_callback([this, id](const Future<Receipt>& done) {
    Ended ended;
    ended.id = id;
    try {
      ended.receipt = done.result();
    } catch (...) {
      ended.error = std::current_exception();
    }
    push(std::move(ended));
  });
}

void Completions::push(Ended ended) {
  bool was_empty = false;
  {
    const detail::MutexLock lock(mutex_);
    was_empty = ended_.empty();
    ended_.push_back(std::move(ended));
    // Written under the lock: whoever takes the last one may destroy this object right after.
    const std::uint64_t one = 1;
    if (was_empty) [[maybe_unused]]
      const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  }
}

std::vector<Completions::Ended> Completions::take() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
  std::vector<Ended> ended;
  const detail::MutexLock lock(mutex_);
  std::swap(ended, ended_);
  return ended;
}

}  // namespace overlap::get
