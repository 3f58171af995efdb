// 1000 GETs of a JSON endpoint, the JSON read.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <overlap/http.hpp>
#include <stdexcept>

#include "compare/workloads/all.hpp"
#include "compare/workloads/downloads.hpp"

namespace overlap::compare {

// Not in the unnamed namespace: GCC 12 warns of results of tasks that are.
struct Answer {
  std::uint64_t id = 0;
  Download response{};
};

namespace {

constexpr std::uint64_t kCalls = 1000;

Task<Answer> call_api(std::string url) {
  const TimePoint begin = Clock::now();
  const http::Response response = co_await http::get(url);
  if (response.status != 200) throw std::runtime_error(fmt::format("{}: status {}", url, response.status));
  const TimePoint received = Clock::now();
  const boost::json::value parsed = boost::json::parse(response.body);
  Answer answer;
  answer.id = parsed.at("id").to_number<std::uint64_t>();
  const std::int64_t parsing = since(received);
  answer.response = download_of(begin, response);
  answer.response.phases[Phase::receiving] -= parsing;
  answer.response.phases[Phase::computing] += parsing;
  co_return answer;
}

std::vector<std::string> paths() {
  std::vector<std::string> paths;
  for (std::uint64_t id = 1; id <= kCalls; ++id) paths.push_back(fmt::format("/json/{}", id));
  return paths;
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  std::vector<std::string> urls = paths();
  for (std::string& url : urls) url.insert(0, spec.sites.at(0));
  const auto answers = run_urls(executor, call_api, urls, measurement, result);

  std::vector<std::optional<Download>> responses(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    responses[i] = answers[i]->response;
    if (answers[i]->id != i + 1) add_problem(result, fmt::format("{}: it has the id {}", urls[i], answers[i]->id));
  }
  add_downloads(result, urls, responses);
  describe_downloads(measurement, urls, responses);
}

std::string describe(const RunSpec&) { return fmt::format("{} API calls, their JSON read", kCalls); }

std::vector<Stage> stages(const RunSpec& spec) { return equal_waits(kCalls, spec); }

std::string expected_digest(const RunSpec& spec) { return digest_of_content(paths(), spec.seed); }

}  // namespace

Workload api_workload() {
  return {.name = "api",
          .verb = "Called",
          .checked = "every answer has its id, and is what the origin holds",
          .sites = 1,
          .max_concurrent = 100,  // 1000 in ten rounds
          .describe = describe,
          .stages = stages,
          .run = run,
          .expected_digest = expected_digest};
}

}  // namespace overlap::compare
