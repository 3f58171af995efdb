#include "get/file_sink.hpp"

#include <map>

#include <fmt/format.h>

#include <overlap/core/mutex.hpp>

#include "cli/escape.hpp"
#include "get/media_type.hpp"

namespace overlap::get {
namespace {

// The directories that this process has open. A run has one; a worker process opens it with its first job.
std::expected<OutputDirectory, DiskError> shared_directory(const std::string& path) {
  static detail::Mutex mutex;
  static std::map<std::string, OutputDirectory> open;
  const detail::MutexLock lock(mutex);
  if (const auto found = open.find(path); found != open.end()) return found->second;
  auto directory = OutputDirectory::open(path);
  if (directory) open.emplace(path, *directory);
  return directory;
}

constexpr std::uint64_t kWorthKeeping = 256 * 1024;  // of a body that was cut: less is as soon fetched again

// Of a body, for its digest: 5 ms of a CPU.
constexpr std::uint64_t kWorthAnotherThread = 8 * 1024 * 1024;

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

std::optional<std::uint64_t> FileSink::already_there() {
  const FetchConfig& config = *job_.config;
  if (config.directory.empty() || !config.no_clobber || config.late_names) return std::nullopt;
  const auto directory = shared_directory(config.directory);
  return directory ? directory->size_at(job_.path).value_or(std::nullopt) : std::nullopt;
}

std::expected<void, http::Failure> FileSink::begin(const http::Response& head) {
  hear(1);
  if (auto whole = check_part(head); !whole) return whole;
  if (auto wanted = check_type(head); !wanted) return wanted;
  keeps_body_ = is_success(head.status) && !job_.config->directory.empty();
  hash_.reset();
  following_hash_.reset();
  if (is_success(head.status) && (keeps_body_ || !job_.sha256.empty())) hash_.emplace();
  if (!keeps_body_) return {};
  if_cut_ = if_cut(head, job_.cut);
  return head.status == 206 && !job_.cut.empty() ? reopen_part(head) : open_part();
}

// What does not fit together is fetched as a whole: by another try, since this answer does not have it.
std::expected<void, http::Failure> FileSink::reopen_part(const http::Response& head) {
  const auto refuse = [&](http::ErrorClass error_class, std::string why) {
    if_cut_.reset();
    part_.reset();
    if (!owns_cut_) drop_cut();
    return std::unexpected(http::Failure{error_class, std::move(why), true, head.status});
  };
  const auto total = check_rest(head, job_.cut);
  if (!total) return refuse(http::ErrorClass::protocol, total.error());
  const auto directory = shared_directory(job_.config->directory);
  if (!directory) return fail(directory.error());
  auto part = directory->reopen_part(job_.cut.part, job_.cut.size);
  if (!part && part.error().code == DiskErrorCode::too_many_files) return fail(part.error());  // another try has them
  if (!part) return refuse(http::ErrorClass::disk, part.error().message);
  auto following = FollowingHash::of(*part, cli::Sha256{}, 0);
  if (!following) {
    part->keep(Sync::none);
    return fail(following.error());
  }
  owns_cut_ = true;
  part_.emplace(std::move(*part));
  received_before_ = job_.cut.size;
  rest_makes_ = *total;
  hash_.reset();
  following_hash_.emplace(*std::move(following));
  following_hash_->grown_to(received_before_);
  return {};
}

Future<FollowingHash::Result> FileSink::finish_digest() {
  if (job_.heard != nullptr) job_.heard->store(kHeardAll, std::memory_order_relaxed);
  return following_hash_->finish();
}

std::expected<void, http::Failure> FileSink::take(FollowingHash::Result digest) {
  following_hash_.reset();
  if (!digest) {  // what is here is worth nothing
    if_cut_.reset();
    return std::unexpected(http::Failure{http::ErrorClass::disk, digest.error().message, true, 0});
  }
  sha256_ = *std::move(digest);
  return {};
}

CutBody FileSink::keep_cut(bool may_retry) {
  CutBody cut;
  const bool is_unused = !job_.cut.empty() && !owns_cut_;
  const bool can_go_on = may_retry && part_ && if_cut_ && part_->size() >= kWorthKeeping;
  if (can_go_on) {
    const std::uint64_t size = part_->size();
    if (auto name = part_->keep(Sync::none)) {
      cut = *std::move(if_cut_);
      cut.part = *std::move(name);
      cut.size = size;
    }
  } else if (is_unused && may_retry && !part_) {
    return job_.cut;  // no answer came that would have changed anything
  }
  part_.reset();
  if (is_unused) drop_cut();
  return cut;
}

void FileSink::drop_cut() {
  owns_cut_ = true;
  if (const auto directory = shared_directory(job_.config->directory)) directory->drop_part(job_.cut.part);
}

/// A part that nobody asked for is not the body.
std::expected<void, http::Failure> FileSink::check_part(const http::Response& head) const {
  if (head.status != 206 || !job_.cut.empty() || job_.headers.contains("Range")) return {};
  if (job_.send_config_headers && job_.config->headers.contains("Range")) return {};
  return std::unexpected(http::Failure{http::ErrorClass::http,
                                       "HTTP status 206 (a part), though the whole was asked for", false, head.status});
}

std::expected<void, http::Failure> FileSink::check_type(const http::Response& head) const {
  if (!is_success(head.status) || head.status == 204) return {};
  const auto type = head.headers.get("Content-Type");
  if (is_wanted_type(type.value_or(""), job_.config->accept_types)) return {};
  const std::string what = type ? fmt::format("is {}", cli::escape_for_terminal(*type, 100)) : "has no type";
  return std::unexpected(http::Failure{http::ErrorClass::refused,
                                       fmt::format("the body {}, which --accept-type does not accept", what), false,
                                       head.status});
}

std::expected<void, http::Failure> FileSink::open_part() {
  if (!job_.cut.empty() && !owns_cut_) drop_cut();  // the whole comes
  const auto directory = shared_directory(job_.config->directory);
  if (!directory) return fail(directory.error());
  auto part = directory->create_part();
  if (!part) return fail(part.error());
  part_.emplace(std::move(*part));
  return {};
}

void FileSink::hear(std::uint64_t bytes) {
  // One writer at a time, and nothing else is read by it.
  if (job_.heard != nullptr) job_.heard->fetch_add(bytes, std::memory_order_relaxed);
}

std::expected<void, http::Failure> FileSink::write(std::span<const std::byte> piece) {
  hear(piece.size());
  if (hash_) hash_->update(piece);
  if (!keeps_body_) return {};
  if (auto written = part_->write(piece); !written) return fail(written.error());
  if (following_hash_) {
    following_hash_->grown_to(part_->size());
  } else if (hash_ && may_follow_ && job_.config->has_spare_cpus && part_->size() >= kWorthAnotherThread) {
    hand_digest_over();
  }
  return {};
}

void FileSink::hand_digest_over() {
  auto following = FollowingHash::of(*part_, *std::move(hash_), part_->size());
  may_follow_ = following.has_value();
  if (!following) return;  // no descriptor is free: it goes on here
  hash_.reset();
  following_hash_.emplace(*std::move(following));
}

std::expected<void, http::Failure> FileSink::save() {
  if (auto as_wanted = check_body(); !as_wanted) return as_wanted;
  if (!keeps_body_) return {};
  CommitOptions options;
  options.clobber = job_.config->no_clobber ? Clobber::keep : Clobber::replace;
  options.sync = job_.config->sync_each ? Sync::each : Sync::none;
  return to_failure(part_->commit(job_.path, options));
}

std::expected<void, http::Failure> FileSink::keep() {
  if (auto as_wanted = check_body(); !as_wanted) return as_wanted;
  if (!keeps_body_) return {};
  auto kept = part_->keep(job_.config->sync_each ? Sync::each : Sync::none);
  if (!kept) return fail(kept.error());
  part_name_ = *std::move(kept);
  return {};
}

std::expected<void, http::Failure> FileSink::check_body() {
  if (rest_makes_ != 0 && part_ && part_->size() != rest_makes_) {
    const std::uint64_t size = part_->size();
    if_cut_.reset();
    part_.reset();
    return std::unexpected(http::Failure{
        http::ErrorClass::truncated,
        fmt::format("with what came as its rest the body has {} bytes, not {}", size, rest_makes_), true, 0});
  }
  if (hash_) sha256_ = hash_->finish().hex();
  if (sha256_.empty()) return {};
  if (job_.sha256.empty() || job_.sha256 == sha256_) return {};
  part_.reset();
  return std::unexpected(http::Failure{http::ErrorClass::digest,
                                       fmt::format("the body has SHA-256 {}, not {}", sha256_, job_.sha256), false, 0});
}

std::expected<void, http::Failure> FileSink::to_failure(std::expected<void, DiskError> outcome) {
  if (outcome) return {};
  return fail(outcome.error());
}

std::unexpected<http::Failure> FileSink::fail(const DiskError& error) {
  disk_is_full_ = error.is_out_of_space();
  part_.reset();
  hash_.reset();
  following_hash_.reset();
  keeps_body_ = false;
  const bool no_descriptor = error.code == DiskErrorCode::too_many_files;
  return std::unexpected(http::Failure{http::ErrorClass::disk, error.message, no_descriptor, 0, no_descriptor});
}

}  // namespace overlap::get
