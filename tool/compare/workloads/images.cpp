// 15 photographs of 2 to 5 MB, each saved as a file named from its URL.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <overlap/http.hpp>
#include <system_error>

#include "compare/workloads/all.hpp"
#include "compare/workloads/downloads.hpp"

namespace overlap::compare {

// Not in the unnamed namespace: GCC 12 warns of results of tasks that are.
struct Saved {
  std::uint64_t bytes = 0;
  std::int64_t status = 0;
  TaskPhases phases{};
};

namespace {

constexpr std::size_t kImages = 15;

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// Writes a body as it comes to `path` with ".part" after it, and gives it its name once it is whole.
class FileSink final : public http::Sink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

  /// Spent in writing, so far.
  std::int64_t took_ns() const { return took_ns_; }

  std::expected<void, http::Failure> begin(const http::Response&) override {
    const Watch watch(took_ns_);
    file_.reset(std::fopen(part().c_str(), "wbe"));
    return file_ ? std::expected<void, http::Failure>() : failure();
  }
  std::expected<void, http::Failure> write(std::span<const std::byte> piece) override {
    const Watch watch(took_ns_);
    if (std::fwrite(piece.data(), 1, piece.size(), file_.get()) != piece.size()) return failure();
    return {};
  }
  std::expected<void, http::Failure> end() override {
    const Watch watch(took_ns_);
    if (std::fclose(file_.release()) != 0) return failure();
    if (std::rename(part().c_str(), path_.c_str()) != 0) return failure();
    return {};
  }

 private:
  /// Adds the time that it lives to a sum.
  class Watch {
   public:
    explicit Watch(std::int64_t& sum) : sum_(sum) {}
    ~Watch() { sum_ += since(begin_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    std::int64_t& sum_;
    const TimePoint begin_ = Clock::now();
  };

  std::string part() const { return path_ + ".part"; }
  std::unexpected<http::Failure> failure() const {
    http::Failure failure;
    failure.error_class = http::ErrorClass::disk;
    failure.message = fmt::format("{}: {}", path_, std::strerror(errno));
    return std::unexpected(std::move(failure));
  }

  std::string path_;
  std::int64_t took_ns_ = 0;
  std::unique_ptr<std::FILE, FileClose> file_;
};

Task<Saved> download_image(std::string url, std::string path) {
  const TimePoint begin = Clock::now();
  FileSink sink(std::move(path));
  http::Request request;
  request.url = std::move(url);
  request.sink = &sink;
  const http::Response response = co_await http::fetch(request);
  Saved saved;
  saved.bytes = response.body_bytes;
  saved.status = response.status;
  saved.phases = phases_of(begin, response);
  saved.phases[Phase::receiving] -= std::min(sink.took_ns(), saved.phases[Phase::receiving]);
  saved.phases[Phase::writing] = sink.took_ns();
  co_return saved;
}

std::vector<std::string> paths() {
  std::vector<std::string> paths;
  for (std::size_t i = 1; i <= kImages; ++i) paths.push_back(fmt::format("/image/photo{}.jpg", i));
  return paths;
}

std::string file_of(const RunSpec& spec, const std::string& path) {
  return spec.directory + "/" + path.substr(path.rfind('/') + 1);
}

/// Of the file as it is now on disk.
Digest digest_of_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::system_error(errno, std::generic_category(), name);
  Sha256 hash;
  std::array<char, 65536> block;
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    hash.update({block.data(), static_cast<std::size_t>(file.gcount())});
  }
  return hash.finish();
}

void check_files(const RunSpec& spec, RunResult& result) {
  std::vector<Digest> digests;
  for (const std::string& path : paths()) {
    try {
      digests.push_back(digest_of_file(file_of(spec, path)));
    } catch (const std::system_error& error) {
      add_problem(result, error.what());
    }
  }
  result.digest = total_digest(digests);
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  std::vector<Future<Saved>> futures;
  measurement.begin();
  for (const std::string& path : paths()) {
    futures.push_back(executor.submit(download_image, spec.sites.at(0) + path, file_of(spec, path)));
  }
  const auto saved = collect(std::move(futures), result);
  measurement.end();
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const auto& one = saved[i];
    measurement.describe_task(i, paths()[i], one ? one->phases : TaskPhases{});
    if (!one) continue;
    result.bytes += one->bytes;
    if (one->status == 200) continue;
    measurement.task_failed(i);
    add_failure(result, {.index = i, .is_refused = is_refusal(one->status)},
                fmt::format("an image was answered with status {}", one->status));
  }
  check_files(spec, result);
}

std::string describe(const RunSpec&) { return fmt::format("{} photographs saved as files", kImages); }

std::vector<Stage> stages(const RunSpec& spec) { return equal_waits(kImages, spec); }

std::string expected_digest(const RunSpec& spec) { return digest_of_content(paths(), spec.seed); }

}  // namespace

Workload images_workload() {
  return {.name = "images",
          .verb = "Saved",
          .checked = "every file of every run is what the origin holds",
          .sites = 1,
          .saves_files = true,
          .max_concurrent = kImages,
          .describe = describe,
          .stages = stages,
          .run = run,
          .expected_digest = expected_digest};
}

}  // namespace overlap::compare
