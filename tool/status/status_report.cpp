#include "status/status_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"

namespace overlap::status {
namespace {

using manifest::State;

struct Sums {
  std::uint64_t items = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t bad_input = 0;
  std::uint64_t bytes = 0;
  std::uint64_t will_be_retried = 0;
};

Sums sums_of(const StatusReport& report) {
  Sums sums;
  for (const auto& count : report.counts) {
    sums.items += count.items;
    sums.bytes += count.bytes;
    if (count.state == State::ok) sums.ok += count.items;
    if (count.state == State::bad_input) sums.bad_input += count.items;
    if (count.state != State::failed) continue;
    sums.failed += count.items;
    if (count.may_pass) sums.will_be_retried += count.items;
  }
  return sums;
}

std::string format_seconds(double seconds) {
  return cli::format_duration(std::chrono::round<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
}

std::string classes_text(const StatusReport& report) {
  cli::Table table({{.title = "failed", .align = cli::Table::Align::left},
                    {.title = "items"},
                    {.title = "the same command", .align = cli::Table::Align::left}});
  for (const auto& count : report.counts) {
    if (count.state != State::failed) continue;
    table.add_row({cli::escape_for_terminal(count.error_class), std::to_string(count.items),
                   count.may_pass ? "tries again" : "needs --retry-failed"});
  }
  return table.is_empty() ? std::string() : "\n" + table.text();
}

std::string hosts_text(const StatusReport& report) {
  cli::Table table({{.title = "slowest hosts", .align = cli::Table::Align::left},
                    {.title = "items"},
                    {.title = "failed"},
                    {.title = "mean"},
                    {.title = "longest"}});
  for (const HostTime& host : report.slowest) {
    table.add_row({cli::escape_for_terminal(host.host), std::to_string(host.items), std::to_string(host.failed),
                   format_seconds(host.mean()), format_seconds(host.longest)});
  }
  return table.is_empty() ? std::string() : "\n" + table.text();
}

std::string run_text(const manifest::RunRow& run) {
  if (run.ended.empty()) return fmt::format("last run: began {}, has not ended (it runs, or was killed)\n", run.began);
  return fmt::format("last run: {} to {}, {}\n", run.began, run.ended, cli::escape_for_terminal(run.outcome));
}

boost::json::object run_json(const manifest::RunRow& run) {
  boost::json::object object;
  object["began"] = run.began;
  object["ended"] = run.ended.empty() ? boost::json::value() : boost::json::value(run.ended);
  object["outcome"] = run.outcome.empty() ? boost::json::value() : boost::json::value(run.outcome);
  object["source"] = run.source;
  object["items"] = run.items;
  object["ok"] = run.ok;
  object["failed"] = run.failed;
  object["skipped"] = run.skipped;
  object["bad_input"] = run.bad_input;
  object["bytes"] = run.bytes;
  return object;
}

boost::json::array hosts_json(const StatusReport& report) {
  boost::json::array hosts;
  for (const HostTime& host : report.slowest) {
    hosts.push_back({{"host", host.host},
                     {"items", host.items},
                     {"failed", host.failed},
                     {"mean_seconds", host.mean()},
                     {"max_seconds", host.longest}});
  }
  return hosts;
}

/// The columns of the list, as it had them: what was read with --keep-cols is so again. Only the URL is ours.
void add_kept(boost::json::object& line, const std::string& kept) {
  boost::system::error_code error;
  const boost::json::value columns = boost::json::parse(kept, error);
  if (error || !columns.is_object()) return;  // there are none
  for (const auto& [key, value] : columns.get_object()) {
    if (key != "url") line[key] = value;
  }
}

}  // namespace

std::string status_text(const StatusReport& report) {
  const Sums sums = sums_of(report);
  std::string text = fmt::format("{}: {} items, {} ok ({})", cli::escape_for_terminal(report.directory), sums.items,
                                 sums.ok, cli::format_size(sums.bytes));
  if (sums.failed > 0) text += fmt::format(", {} failed", sums.failed);
  if (sums.bad_input > 0) text += fmt::format(", {} bad lines", sums.bad_input);
  text += '\n';
  if (report.last_run) text += run_text(*report.last_run);
  return text + classes_text(report) + hosts_text(report);
}

std::string status_json(const StatusReport& report) {
  const Sums sums = sums_of(report);
  boost::json::object errors;
  for (const auto& count : report.counts) {
    if (count.state != State::failed) continue;
    boost::json::value& sum = errors[count.error_class];
    sum = (sum.is_null() ? 0 : sum.to_number<std::uint64_t>()) + count.items;
  }
  boost::json::object status;
  status["directory"] = report.directory;
  status["items"] = sums.items;
  status["ok"] = sums.ok;
  status["failed"] = sums.failed;
  status["bad_input"] = sums.bad_input;
  status["bytes"] = sums.bytes;
  status["errors"] = std::move(errors);
  status["failed_for_good"] = sums.failed - sums.will_be_retried;
  status["last_run"] = report.last_run ? boost::json::value(run_json(*report.last_run)) : boost::json::value();
  status["slowest_hosts"] = hosts_json(report);
  return boost::json::serialize(status);
}

std::string failed_line(const manifest::ItemRow& row) {
  boost::json::object line;
  line["url"] = row.url;
  line["error"] = row.error_class;
  line["message"] = row.message;
  if (row.http_status != 0) line["status"] = row.http_status;
  add_kept(line, row.kept);
  return cli::escape_json_for_terminal(boost::json::serialize(line));
}

}  // namespace overlap::status
