#pragma once

#include <exception>
#include <vector>

#include <overlap/core/future.hpp>
#include <overlap/core/mutex.hpp>
#include <overlap/core/time.hpp>

#include "get/fetch_job.hpp"
#include "get/file_descriptor.hpp"

namespace overlap::get {

/// The requests that have ended, handed from the executor's threads to the run's one loop.
class Completions {
 public:
  struct Ended {
    std::uint64_t id = 0;
    Receipt receipt;
    std::exception_ptr error;  ///< set when the executor could not run the job at all; no receipt then
  };

  Completions();

  /// Delivers the outcome of this future here. The future must end before this object does.
  void watch(std::uint64_t id, const Future<Receipt>& future);

  /// All that have ended since the last call.
  std::vector<Ended> take();
  /// Waits until `enough` have ended, but not beyond `until`: what ends in quick succession is then dealt with at once.
  void linger(std::size_t enough, TimePoint until);
  /// Readable while take() has something to give.
  int descriptor() const { return wake_.get(); }

 private:
  void push(Ended ended);
  void clear();

  FileDescriptor wake_;
  detail::Mutex mutex_;
  std::vector<Ended> ended_ OVERLAP_GUARDED_BY(mutex_);
  std::size_t ring_at_ OVERLAP_GUARDED_BY(mutex_) = 1;  // how many must have ended for descriptor() to say so
};

}  // namespace overlap::get
