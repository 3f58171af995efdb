#pragma once

#include <cstdint>
#include <vector>

#include <overlap/core/future.hpp>
#include <overlap/core/mutex.hpp>
#include <overlap/core/time.hpp>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// The requests that have ended, handed from the executor's threads to the run's one loop.
class Completions {
 public:
  Completions();

  /// Tells the end of this future here, by `id`. The future must end before this object does.
  template <class T>
  void watch(std::uint64_t id, const Future<T>& future) {
    future.add_done_callback([this, id](const Future<T>&) { push(id); });
  }

  /// All that have ended since the last call.
  std::vector<std::uint64_t> take();
  /// Waits until `enough` have ended, but not beyond `until`: what ends in quick succession is then dealt with at once.
  void linger(std::size_t enough, TimePoint until);
  /// Readable while take() has something to give.
  int descriptor() const { return wake_.get(); }

 private:
  void push(std::uint64_t id);
  void clear();

  FileDescriptor wake_;
  detail::Mutex mutex_;
  std::vector<std::uint64_t> ended_ OVERLAP_GUARDED_BY(mutex_);
  std::size_t ring_at_ OVERLAP_GUARDED_BY(mutex_) = 1;  // how many must have ended for descriptor() to say so
};

}  // namespace overlap::get
