#include "manifest/housekeeper.hpp"

#include <utility>

namespace overlap::manifest {

Housekeeper::Housekeeper(Options options)
    : options_(std::move(options)), open_batch_(options_.first_batch), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() { end(Ending::at_once); }

std::uint64_t Housekeeper::batch() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(has_rows_, true)) changed_.notify_one();
  return options_.sync ? open_batch_ : 0;
}

std::uint64_t Housekeeper::synced_through() const {
  const std::lock_guard lock(mutex_);
  return synced_through_;
}

std::optional<std::string> Housekeeper::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

std::expected<void, std::string> Housekeeper::finish() {
  end(Ending::after_work);
  const std::lock_guard lock(mutex_);
  if (error_) return std::unexpected(*error_);
  return {};
}

void Housekeeper::end(Ending how) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = how;
    changed_.notify_one();
  }
  thread_.join();
}

void Housekeeper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return has_rows_ || ending_ != Ending::no; });
    changed_.wait_for(lock, options_.interval, [this] { return ending_ != Ending::no; });
    if (ending_ == Ending::at_once || !has_rows_) return;
    has_rows_ = false;
    const std::uint64_t batch = open_batch_++;
    lock.unlock();
    const auto synced = options_.sync ? options_.sync() : std::expected<void, std::string>();
    if (synced && options_.checkpoint) (void)options_.checkpoint();
    lock.lock();
    if (!synced) {
      error_ = synced.error();
      return;
    }
    synced_through_ = batch;
  }
}

}  // namespace overlap::manifest
