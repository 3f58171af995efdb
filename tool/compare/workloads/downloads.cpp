#include "compare/workloads/downloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <overlap/http.hpp>
#include <stdexcept>

#include "serve/content.hpp"

namespace overlap::compare {

Download download_of(TimePoint begin, const http::Response& response) {
  Download download;
  download.phases = phases_of(begin, response);
  const TimePoint received = Clock::now();
  download.bytes = response.body.size();
  download.status = response.status;
  download.digest = sha256(response.body);
  download.phases[Phase::computing] = since(received);
  download.seconds = to_seconds(Clock::now() - begin);
  return download;
}

Task<Download> download(std::string url) {
  const TimePoint begin = Clock::now();
  const http::Response response = co_await http::get(url);
  co_return download_of(begin, response);
}

void add_downloads(RunResult& result, std::span<const std::string> urls,
                   std::span<const std::optional<Download>> downloads) {
  std::vector<Digest> digests;
  for (std::size_t i = 0; i < downloads.size(); ++i) {
    if (!downloads[i]) continue;
    const Download& one = *downloads[i];
    result.bytes += one.bytes;
    result.waited_seconds += one.seconds;
    result.longest_seconds = std::max(result.longest_seconds, one.seconds);
    digests.push_back(one.digest);
    if (is_success(one.status)) continue;
    add_failure(result, {.index = i, .is_refused = is_refusal(one.status)},
                fmt::format("{}: status {}", urls[i], one.status));
  }
  result.digest = total_digest(digests);
}

void describe_downloads(Measurement& measurement, std::span<const std::string> urls,
                        std::span<const std::optional<Download>> downloads) {
  for (std::size_t i = 0; i < downloads.size(); ++i) {
    measurement.describe_task(i, urls[i], downloads[i] ? downloads[i]->phases : TaskPhases{});
    if (downloads[i] && downloads[i]->status != 200) measurement.task_failed(i);
  }
}

std::string digest_of_content(std::span<const std::string> paths, std::uint64_t seed) {
  std::vector<Digest> digests;
  for (const std::string& path : paths) {
    const auto content = serve::content_for(path, seed);
    if (!content) throw std::logic_error("the origin holds no " + path);
    digests.push_back(sha256(content->body()));
  }
  return total_digest(digests);
}

std::vector<Stage> equal_waits(std::size_t items, const RunSpec& spec) {
  const double latency = to_seconds(spec.latency);
  return {Stage{static_cast<double>(items) * latency, latency}};
}

}  // namespace overlap::compare
