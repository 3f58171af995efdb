// The URLs of a file: somebody else's servers, so nothing is known of latencies and contents, and no more is asked of a
// host at once than `overlap get` would.
#include "compare/workloads/list.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <overlap/http.hpp>
#include <set>
#include <stdexcept>

#include "cli/escape.hpp"
#include "compare/workloads/all.hpp"
#include "compare/workloads/downloads.hpp"
#include "get/list_reader.hpp"
#include "get/url.hpp"

namespace overlap::compare {
namespace {

/// Is given each URL of a list, and how it is written there.
using TakeUrl = std::function<void(const get::Url&, const std::string&)>;

/// Gives what is wrong with the list, if anything.
std::expected<void, std::string> read_urls(const std::string& file, const TakeUrl& take) {
  auto list = get::ListReader::open(file);
  if (!list) return std::unexpected(list.error());
  const auto complain = [&file](std::uint64_t line, std::string_view why) {
    return std::unexpected(fmt::format("{}, line {}: {}", cli::escape_for_terminal(file), line, why));
  };
  while (const auto entry = list->next()) {
    if (const auto* const bad = std::get_if<get::BadLine>(&*entry)) return complain(bad->line, bad->why);
    const auto& item = std::get<get::Item>(*entry);
    const auto url = get::parse_url(item.url);
    if (!url) return complain(item.line, url.error());
    take(*url, item.url);
  }
  if (list->error()) return std::unexpected(*list->error());
  return {};
}

Task<Download> download_as(std::string url, std::string user, std::string password) {
  const TimePoint begin = Clock::now();
  http::Request request;
  request.url = std::move(url);
  request.user = std::move(user);
  request.password = std::move(password);
  const http::Response response = co_await http::fetch(request);
  co_return download_of(begin, response);
}

void run(Executor& executor, const RunSpec& spec, Measurement& measurement, RunResult& result) {
  // One session for the whole loop, which could otherwise ask one host for everything at once. A thread's and a
  // process's own session has one request at a time under way.
  http::SessionOptions options = http::default_options();
  options.max_connections_per_host = kMaxPerHost;
  http::set_default_options(std::move(options));

  std::vector<get::Url> list;
  const auto read = read_urls(spec.list_file, [&list](const get::Url& url, const auto&) { list.push_back(url); });
  if (!read) throw std::runtime_error(read.error());

  std::vector<Future<Download>> futures;
  futures.reserve(list.size());
  measurement.begin();
  for (const get::Url& url : list) {
    const get::Credentials own = url.credentials().value_or(get::Credentials{});
    futures.push_back(executor.submit(download_as, url.request(), own.user, own.password));
  }
  const auto downloads = collect(std::move(futures), result);
  measurement.end();

  std::vector<std::string> names;
  for (const get::Url& url : list) names.push_back(url.display());
  add_downloads(result, names, downloads);
  describe_downloads(measurement, names, downloads);
}

std::string describe(const RunSpec& spec) {
  const auto facts = examine_list(spec.list_file);
  if (!facts) return cli::escape_for_terminal(spec.list_file);
  return fmt::format("{} URL{} of {} host{}, at most {} of a host at once", facts->urls, facts->urls == 1 ? "" : "s",
                     facts->hosts, facts->hosts == 1 ? "" : "s", kMaxPerHost);
}

}  // namespace

std::expected<ListFacts, std::string> examine_list(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error) && std::filesystem::exists(file, error)) {
    return std::unexpected(
        fmt::format("{} is no regular file; every run reads it again", cli::escape_for_terminal(file)));
  }
  ListFacts facts;
  std::set<std::string> hosts;
  const auto read = read_urls(file, [&](const get::Url& url, const auto&) {
    ++facts.urls;
    hosts.insert(url.host_key());
  });
  if (!read) return std::unexpected(read.error());
  if (facts.urls == 0) return std::unexpected(fmt::format("{} has no URL", cli::escape_for_terminal(file)));
  facts.hosts = hosts.size();
  return facts;
}

std::expected<void, std::string> write_chosen(const std::string& file,
                                              const std::function<bool(std::size_t)>& is_chosen,
                                              const std::string& chosen) {
  std::ofstream out(chosen);
  std::size_t index = 0;
  const auto read = read_urls(file, [&](const get::Url&, const std::string& as_written) {
    if (is_chosen(index++)) out << as_written << '\n';
  });
  if (!read) return read;
  out.close();
  if (!out) return std::unexpected(fmt::format("cannot write the list {}", cli::escape_for_terminal(chosen)));
  return {};
}

std::expected<void, std::string> write_sample(const std::string& file, std::size_t urls, std::size_t count,
                                              const std::string& sample) {
  const auto is_chosen = [=](std::size_t index) { return (index + 1) * count / urls > index * count / urls; };
  return write_chosen(file, is_chosen, sample);
}

Workload list_workload() {
  return {.name = kListWorkload,
          .verb = "Downloaded",
          .checked = "every run got the same bodies",
          .may_change = true,
          .describe = describe,
          .run = run};
}

}  // namespace overlap::compare
