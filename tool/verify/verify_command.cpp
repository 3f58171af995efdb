#include "verify/verify_command.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <overlap/executors/thread_pool_executor.hpp>

#include "cli/escape.hpp"
#include "cli/result_stream.hpp"
#include "cli/terminal.hpp"
#include "cli/units.hpp"
#include "verify/verification.hpp"

namespace overlap::verify {
namespace {

constexpr int kProblems = 1;
constexpr int kUnusable = 2;
constexpr int kDisk = 3;
constexpr auto kProgressEvery = std::chrono::milliseconds(100);

struct VerifyFlags {
  std::string directory;
  bool json = false;
};

int complain(int code, std::string_view message) {
  fmt::print(stderr, "overlap verify: {}\n", cli::escape_for_terminal(message));
  return code;
}

/// One line on a terminal, redrawn; nothing elsewhere.
class Progress {
 public:
  void show(const Verification& so_far) {
    const TimePoint now = Clock::now();
    if (!is_live_ || now < next_) return;
    next_ = now + kProgressEvery;
    fmt::print(stderr, "\r{} files, {}, {} problems\033[K", so_far.files, cli::format_size(so_far.bytes),
               so_far.problems.size());
    std::fflush(stderr);
  }
  void clear() const {
    if (is_live_) fmt::print(stderr, "\r\033[K");
  }

 private:
  const bool is_live_ = cli::is_live_terminal(fileno(stderr));
  TimePoint next_{};
};

std::uint64_t count_of(const Verification& result, Problem::Kind kind) {
  return static_cast<std::uint64_t>(std::ranges::count(result.problems, kind, &Problem::kind));
}

std::string to_json(const Verification& result) {
  boost::json::array problems;
  for (const Problem& problem : result.problems) {
    problems.push_back({{"path", problem.path}, {"url", problem.url}, {"problem", problem.what}});
  }
  boost::json::object report;
  report["files"] = result.files;
  report["ok"] = result.files - result.problems.size();
  report["missing"] = count_of(result, Problem::Kind::missing);
  report["changed"] = count_of(result, Problem::Kind::changed);
  report["unreadable"] = count_of(result, Problem::Kind::unreadable);
  report["bytes"] = result.bytes;
  report["problems"] = std::move(problems);
  return boost::json::serialize(report) + "\n";
}

std::string to_text(const Verification& result) {
  std::string text;
  for (const Problem& problem : result.problems) {
    text += fmt::format("{}: {} ({})\n", cli::escape_for_terminal(problem.path), cli::escape_for_terminal(problem.what),
                        cli::escape_for_terminal(problem.url, 300));
  }
  return text + fmt::format("{} of {} files are as they were fetched ({})\n", result.files - result.problems.size(),
                            result.files, cli::format_size(result.bytes));
}

int run_verify(const VerifyFlags& flags) {
  auto reader = manifest::Reader::open(flags.directory);
  if (!reader) return complain(kUnusable, reader.error().message);
  if (const auto whole = reader->check(); !whole) return complain(kDisk, whole.error().message);
  const auto files = get::StoredFiles::open(flags.directory);
  if (!files) return complain(kDisk, files.error().message);
  ThreadPoolExecutor executor;
  Progress progress;
  const auto result =
      verify_files(*reader, *files, executor, [&progress](const Verification& so_far) { progress.show(so_far); });
  progress.clear();
  if (!result) return complain(kDisk, result.error().message);
  cli::ResultStream out;
  out.write(flags.json ? to_json(*result) : to_text(*result));
  if (const auto printed = out.finish(); !printed) return complain(kDisk, printed.error());
  return result->problems.empty() ? 0 : kProblems;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("verify", "Whether what is on disk is what was fetched");
  const auto flags = std::make_shared<VerifyFlags>();
  command.add_option("DIR", flags->directory, "The directory of get -P")->type_name("")->default_val(".");
  command.add_flag("--json", flags->json, "One JSON object instead of text");
  command.footer(
      "Reads every file that the manifest says is there, and compares size and SHA-256.\n"
      "Exit code: 0 all are as they were fetched, 1 some are not (they are named), 2 there is no manifest, 3 disk.\n");
  command.callback([flags, &exit_code] { exit_code = run_verify(*flags); });
}

}  // namespace overlap::verify
