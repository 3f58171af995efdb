// What the jobs that fetch things have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <overlap/async/task.hpp>
#include <overlap/core/executor.hpp>
#include <span>
#include <string>
#include <vector>

#include "compare/collect.hpp"
#include "compare/digest.hpp"
#include "compare/measurement.hpp"
#include "compare/run_protocol.hpp"
#include "compare/task_phases.hpp"
#include "compare/workload.hpp"

namespace overlap::compare {

/// What is kept of a response. A plain value, so that it crosses from a worker process.
struct Download {
  std::uint64_t bytes = 0;
  std::int64_t status = 0;
  double seconds = 0;  ///< that it took
  Digest digest{};
  TaskPhases phases{};
};

/// As `overlap get` has it: an answer without a body, a 204, is one as well.
constexpr bool is_success(std::int64_t status) { return status >= 200 && status < 300; }

/// What is kept of a response to a request that began then; the digest is made of its body here.
Download download_of(TimePoint begin, const http::Response& response);

/// GET, by the session of the loop that this runs on: connections are kept and used again.
Task<Download> download(std::string url);

/// Counts the bytes and sums up the digests. A status that is no success is a failure of that URL.
void add_downloads(RunResult& result, std::span<const std::string> urls,
                   std::span<const std::optional<Download>> downloads);

/// Submits `function(url)` for every URL, and collects; measured.
template <class T>
std::vector<std::optional<T>> run_urls(Executor& executor, Task<T> (*function)(std::string),
                                       const std::vector<std::string>& urls, Measurement& measurement,
                                       RunResult& result) {
  std::vector<Future<T>> futures;
  futures.reserve(urls.size());
  measurement.begin();
  for (const std::string& url : urls) futures.push_back(executor.submit(function, url));
  auto values = collect(std::move(futures), result);
  measurement.end();
  return values;
}

/// Tells the measurement what each download did. Those that failed are only named.
void describe_downloads(Measurement& measurement, std::span<const std::string> urls,
                        std::span<const std::optional<Download>> downloads);

/// The digest over what the origins hold under these paths.
std::string digest_of_content(std::span<const std::string> paths, std::uint64_t seed);

/// So many requests, each of which waits as long as the origin makes it.
std::vector<Stage> equal_waits(std::size_t items, const RunSpec& spec);

}  // namespace overlap::compare
