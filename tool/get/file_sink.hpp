#pragma once

#include <optional>

#include <overlap/http/sink.hpp>

#include "get/fetch_job.hpp"
#include "get/output_directory.hpp"

namespace overlap::get {

/// Takes the body of a job's response into a part file, and gives that its name when it is whole. The bodies of
/// redirects and of error responses are dropped. Writes on the loop's thread, which waits for the disk meanwhile.
class FileSink final : public http::Sink {
 public:
  /// Neither opens nor creates anything. The job must outlive this object.
  explicit FileSink(const FetchJob& job) : job_(job) {}

  /// Whether the job is to leave the file of its name alone, and there is one.
  bool already_there();

  std::expected<void, http::Failure> begin(const http::Response& head) override;
  std::expected<void, http::Failure> write(std::span<const std::byte> piece) override;

  /// Gives the body its name. Until then nothing of that name is there by our doing; what is not saved goes away.
  std::expected<void, http::Failure> save();

  /// Whether the last failure means that nothing else will fit either.
  bool disk_is_full() const { return disk_is_full_; }

 private:
  std::expected<void, http::Failure> to_failure(std::expected<void, DiskError> outcome);
  std::unexpected<http::Failure> fail(const DiskError& error);
  std::expected<void, http::Failure> open_part();

  const FetchJob& job_;
  std::optional<PartFile> part_;
  bool keeps_body_ = false;
  bool disk_is_full_ = false;
};

}  // namespace overlap::get
