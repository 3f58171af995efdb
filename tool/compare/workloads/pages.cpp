// 160 downloads: 2 sites x 80 pages, the sites taking turns.
#include <fmt/format.h>

#include "compare/workloads/all.hpp"
#include "compare/workloads/downloads.hpp"

namespace overlap::compare {
namespace {

constexpr std::size_t kSites = 2;
constexpr std::size_t kPages = 80;  // of a site

/// The path of the i-th download; its site is sites[i % kSites].
std::string path_of(std::size_t i) { return fmt::format("/site{}/page{}", i % kSites + 1, i / kSites + 1); }

std::vector<std::string> paths() {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kSites * kPages; ++i) paths.push_back(path_of(i));
  return paths;
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  std::vector<std::string> urls = paths();
  for (std::size_t i = 0; i < urls.size(); ++i) urls[i].insert(0, spec.sites.at(i % kSites));
  const auto pages = run_urls(executor, download, urls, measurement, result);
  add_downloads(result, urls, pages);
  describe_downloads(measurement, urls, pages);
}

std::string describe(const RunSpec&) {
  return fmt::format("{} downloads: {} sites x {} pages", kSites * kPages, kSites, kPages);
}

std::vector<Stage> stages(const RunSpec& spec) { return equal_waits(kSites * kPages, spec); }

std::string expected_digest(const RunSpec& spec) { return digest_of_content(paths(), spec.seed); }

}  // namespace

Workload pages_workload() {
  return {.name = "pages",
          .verb = "Downloaded",
          .checked = "every run got the same 160 bodies, those that the origins hold",
          .sites = kSites,
          .max_concurrent = kSites * kPages,
          .describe = describe,
          .stages = stages,
          .run = run,
          .expected_digest = expected_digest};
}

}  // namespace overlap::compare
