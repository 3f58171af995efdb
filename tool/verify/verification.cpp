#include "verify/verification.hpp"

#include <deque>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

namespace overlap::verify {
namespace {

constexpr std::size_t kWindow = 256;  // files under way: enough for the workers never to wait for the manifest

struct Checked {
  std::uint64_t bytes = 0;
  std::optional<Problem> problem;
};

Problem problem_of(const manifest::ItemRow& row, Problem::Kind kind, std::string what) {
  return {kind, row.path, row.url, std::move(what), {}};
}

Checked check(const get::StoredFiles& files, const manifest::ItemRow& row) {
  const auto content = files.read(row.path);
  if (!content) return {0, problem_of(row, Problem::Kind::unreadable, content.error().message)};
  if (!*content) return {0, problem_of(row, Problem::Kind::missing, "is missing")};
  const std::uint64_t bytes = (*content)->bytes;
  const std::string digest = (*content)->digest.hex();
  const bool has_size = bytes == row.bytes;
  if (has_size && (row.sha256.empty() || digest == row.sha256)) return {bytes, std::nullopt};
  Problem problem = problem_of(row, Problem::Kind::changed,
                               has_size ? "has other content" : fmt::format("has {} bytes, not {}", bytes, row.bytes));
  problem.sha256 = digest;
  return {bytes, std::move(problem)};
}

/// Takes out what another row of the same URL explains. One more pass, whatever the number of problems.
std::expected<void, manifest::ManifestError> drop_explained(manifest::Reader& reader, std::vector<Problem>& problems) {
  std::unordered_multimap<std::string, std::string> digests;  // of changed files, by URL and path
  const auto key = [](const std::string& url, const std::string& path) { return url + "\n" + path; };
  for (const Problem& problem : problems) {
    if (problem.kind == Problem::Kind::changed) digests.emplace(key(problem.url, problem.path), problem.sha256);
  }
  if (digests.empty()) return {};
  std::unordered_map<std::string, bool> explained;
  const auto read = reader.each(manifest::State::ok, [&](const manifest::ItemRow& row) {
    const auto [first, last] = digests.equal_range(key(row.url, row.path));
    for (auto at = first; at != last; ++at) {
      if (at->second == row.sha256) explained[at->first] = true;
    }
    return true;
  });
  if (!read) return read;
  std::erase_if(problems, [&](const Problem& problem) {
    return problem.kind == Problem::Kind::changed && explained.contains(key(problem.url, problem.path));
  });
  return {};
}

}  // namespace

std::expected<Verification, manifest::ManifestError> verify_files(
    manifest::Reader& reader, const get::StoredFiles& files, Executor& executor,
    const std::function<void(const Verification&)>& progress) {
  Verification verification;
  std::deque<Future<Checked>> under_way;
  const auto take_first = [&] {
    Checked checked = std::move(under_way.front()).result();
    under_way.pop_front();
    ++verification.files;
    verification.bytes += checked.bytes;
    if (checked.problem) verification.problems.push_back(*std::move(checked.problem));
    progress(verification);
  };
  const auto read = reader.each(manifest::State::ok, [&](const manifest::ItemRow& row) {
    if (under_way.size() == kWindow) take_first();
    under_way.push_back(executor.submit(&check, files, row));
    return true;
  });
  while (!under_way.empty()) take_first();
  if (!read) return std::unexpected(read.error());
  if (const auto done = drop_explained(reader, verification.problems); !done) return std::unexpected(done.error());
  return verification;
}

}  // namespace overlap::verify
