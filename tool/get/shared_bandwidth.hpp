#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <overlap/http/bandwidth.hpp>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// A bandwidth that processes share: one number in memory that all of them map, when the next byte may be read.
///
/// The generic cell rate algorithm again (detail::CellRate), by bytes and without a lock: a reader counts what it has
/// read, and waits until that would have been due. What one process leaves unused another one uses.
class SharedBandwidth final : public http::Bandwidth {
 public:
  /// Throws std::system_error when the system has no memory or descriptor for it. `rate`: bytes a second, not 0.
  static std::shared_ptr<SharedBandwidth> create(std::uint64_t rate);
  /// That of another process, by its path(). Null when it cannot be opened.
  static std::shared_ptr<SharedBandwidth> open(const std::string& path, std::uint64_t rate);
  ~SharedBandwidth() override;

  /// Where other processes of the same user find it, as long as this one has it.
  std::string path() const;

  /// How long a reader has it to itself, when others wait: the time that a piece of most_at_once() takes.
  static Duration turn(std::uint64_t rate) noexcept;

  TimePoint take(std::size_t bytes) noexcept override;
  std::size_t most_at_once() const noexcept override;

 private:
  using Due = std::atomic<std::int64_t>;  // nanoseconds of the monotonic clock, which is the machine's
  static_assert(Due::is_always_lock_free, "a lock would be of one process");

  SharedBandwidth(FileDescriptor file, Due* due, std::uint64_t rate) : file_(std::move(file)), due_(due), rate_(rate) {}
  static std::shared_ptr<SharedBandwidth> map(FileDescriptor file, std::uint64_t rate);

  const FileDescriptor file_;
  Due* const due_;
  const std::uint64_t rate_;
};

}  // namespace overlap::get
