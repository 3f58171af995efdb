#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <overlap/core/future.hpp>
#include <overlap/http/sink.hpp>

#include "cli/digest.hpp"
#include "get/fetch_job.hpp"
#include "get/following_hash.hpp"
#include "get/output_directory.hpp"

namespace overlap::get {

/// Takes the body of a job's response into a part file, and gives that its name when it is whole. The bodies of
/// redirects and of error responses are dropped. Writes on the loop's thread, which waits for the disk meanwhile; of
/// what is large another thread works out the digest.
class FileSink final : public http::Sink {
 public:
  /// Neither opens nor creates anything. The job must outlive this object.
  explicit FileSink(const FetchJob& job) : job_(job) {}

  /// The size of the file of its name, if there is one and the job is to leave it alone.
  std::optional<std::uint64_t> already_there();

  std::expected<void, http::Failure> begin(const http::Response& head) override;
  std::expected<void, http::Failure> write(std::span<const std::byte> piece) override;

  /// Gives the body its name, unless it has another digest than the job wants. Until then nothing of that name is there
  /// by our doing; what is not saved goes away.
  std::expected<void, http::Failure> save();

  /// Keeps the body without a name yet, in the part that part() names. With the same condition.
  std::expected<void, http::Failure> keep();
  const std::string& part() const { return part_name_; }

  /// Whether another thread works out the digest: of a large body, or one whose beginning an earlier try had received.
  /// Then save() and keep() need what finish_digest() gives in the end.
  bool has_distant_digest() const { return following_hash_.has_value(); }
  /// By that thread. Throws BrokenExecutor, or the future does, where no thread can be started.
  Future<FollowingHash::Result> finish_digest();
  /// The same by this thread, which takes its time.
  FollowingHash::Result finish_digest_here() { return following_hash_->finish_here(); }
  std::expected<void, http::Failure> take(FollowingHash::Result digest);

  /// After a failure: keeps what is here of the body for another try, if there may be one and it is worth it.
  CutBody keep_cut(bool may_retry);
  /// How much of the body an earlier try had received.
  std::uint64_t received_before() const { return received_before_; }

  /// Of the body that was to be saved, in hex; empty if there was none.
  const std::string& sha256() const { return sha256_; }

  /// Whether the last failure means that nothing else will fit either.
  bool disk_is_full() const { return disk_is_full_; }

 private:
  void hear(std::uint64_t bytes);
  std::expected<void, http::Failure> to_failure(std::expected<void, DiskError> outcome);
  std::unexpected<http::Failure> fail(const DiskError& error);
  std::expected<void, http::Failure> open_part();
  std::expected<void, http::Failure> reopen_part(const http::Response& head);
  void hand_digest_over();
  void drop_cut();
  std::expected<void, http::Failure> check_type(const http::Response& head) const;
  std::expected<void, http::Failure> check_part(const http::Response& head) const;
  std::expected<void, http::Failure> check_body();

  const FetchJob& job_;
  std::optional<PartFile> part_;
  std::optional<cli::Sha256> hash_;  // of what was written; or by another thread
  std::optional<FollowingHash> following_hash_;
  std::optional<CutBody> if_cut_;  // what is to be known of it then
  std::uint64_t received_before_ = 0;
  std::uint64_t rest_makes_ = 0;  // how long the whole is, where this response is the rest of it
  bool owns_cut_ = false;         // of the job: its part is part_, or gone
  std::string sha256_;
  std::string part_name_;
  bool keeps_body_ = false;
  bool may_follow_ = true;
  bool disk_is_full_ = false;
};

}  // namespace overlap::get
