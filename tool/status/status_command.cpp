#include "status/status_command.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/result_stream.hpp"
#include "manifest/reader.hpp"
#include "status/status_report.hpp"

namespace overlap::status {
namespace {

constexpr int kUnusable = 2;
constexpr int kDisk = 3;
constexpr std::size_t kHostsShown = 10;

struct StatusFlags {
  std::string directory;
  bool json = false;
  bool failed = false;
};

int complain(const manifest::ManifestError& error) {
  fmt::print(stderr, "overlap status: {}\n", error.message);
  return kUnusable;
}

int finish(cli::ResultStream& out) {
  const auto printed = out.finish();
  if (printed) return 0;
  fmt::print(stderr, "overlap status: {}\n", printed.error());
  return kDisk;
}

int print_failed(manifest::Reader& reader) {
  cli::ResultStream out;
  const auto read = reader.each(manifest::State::failed, [&out](const manifest::ItemRow& row) {
    out.write(failed_line(row) + "\n");
    return out.is_open();
  });
  return read ? finish(out) : complain(read.error());
}

int print_report(manifest::Reader& reader, const StatusFlags& flags) {
  StatusReport report;
  report.directory = flags.directory;
  auto counts = reader.counts();
  if (!counts) return complain(counts.error());
  report.counts = *std::move(counts);
  auto last = reader.last_run();
  if (!last) return complain(last.error());
  report.last_run = *std::move(last);
  HostTimes hosts;
  const auto read = reader.each(std::nullopt, [&hosts](const manifest::ItemRow& row) {
    hosts.add(row);
    return true;
  });
  if (!read) return complain(read.error());
  report.slowest = hosts.slowest(kHostsShown);
  cli::ResultStream out;
  out.write(flags.json ? status_json(report) + "\n" : status_text(report));
  return finish(out);
}

int run_status(const StatusFlags& flags) {
  auto reader = manifest::Reader::open(flags.directory);
  if (!reader) return complain(reader.error());
  return flags.failed ? print_failed(*reader) : print_report(*reader, flags);
}

}  // namespace

void add_status_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("status", "What the runs of get have done in a directory");
  const auto flags = std::make_shared<StatusFlags>();
  command.add_option("DIR", flags->directory, "The directory of get -P")->type_name("")->default_val(".");
  auto* json = command.add_flag("--json", flags->json, "One JSON object instead of text");
  command
      .add_flag("--failed", flags->failed, "What failed, a JSON object a line: a list that get reads, of format jsonl")
      ->excludes(json);
  command.footer(
      "Examples:\n"
      "  overlap status out                           counts by state and class, the slowest hosts\n"
      "  overlap status out --failed > failed.jsonl   what failed, and why\n");
  command.callback([flags, &exit_code] { exit_code = run_status(*flags); });
}

}  // namespace overlap::status
