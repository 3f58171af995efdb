#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <overlap/core/future.hpp>
#include <overlap/core/mutex.hpp>

#include "cli/digest.hpp"
#include "get/disk_error.hpp"
#include "get/file_descriptor.hpp"

namespace overlap::get {

class PartFile;

/// The SHA-256 of a file that grows: other threads, one for a CPU in the whole program, read back what was written,
/// while the thread that writes goes on. Used by one thread at a time. Destroying it ends the reading within 1 MiB.
class FollowingHash {
 public:
  using Result = std::expected<std::string, DiskError>;

  /// Reads from `position` on; `begun` knows what is before, and is left alone on an error (no descriptor is free). The
  /// file may be renamed or removed meanwhile.
  static std::expected<FollowingHash, DiskError> of(const PartFile& part, cli::Sha256&& begun, std::uint64_t position);

  FollowingHash(FollowingHash&&) = default;
  FollowingHash& operator=(FollowingHash&&) = delete;
  ~FollowingHash();

  /// Says that the file has so many bytes by now. Never waits.
  void grown_to(std::uint64_t size);

  /// The digest, in hex, of as many bytes as the file was said to have. Once, at the end; waits for nothing. Throws
  /// BrokenExecutor, or the future does, where no thread can be started: finish_here() does it all the same.
  Future<Result> finish();
  Result finish_here() { return state_->read_to_end(); }

 private:
  struct State {
    const FileDescriptor file;
    const std::string path;  // for messages
    std::atomic<std::uint64_t> size;
    std::atomic<bool> is_read = false;       // by somebody who leaves when there is no more
    std::atomic<bool> is_finishing = false;  // he is to leave at once: who reads to the end is here
    std::atomic<bool> is_stopped = false;
    detail::Mutex mutex;
    cli::Sha256 hash OVERLAP_GUARDED_BY(mutex);
    std::uint64_t position OVERLAP_GUARDED_BY(mutex);
    std::optional<DiskError> error OVERLAP_GUARDED_BY(mutex);

    State(FileDescriptor descriptor, std::string name, cli::Sha256 begun, std::uint64_t at)
        : file(std::move(descriptor)), path(std::move(name)), size(at), hash(std::move(begun)), position(at) {}

    void read_on();
    Result read_to_end();
    bool read_piece() OVERLAP_REQUIRES(mutex);
  };

  FollowingHash(std::shared_ptr<State> state, std::uint64_t position) : state_(std::move(state)), asked_at_(position) {}

  std::shared_ptr<State> state_;
  std::uint64_t asked_at_;  // the size when somebody was last asked to read on
};

}  // namespace overlap::get
