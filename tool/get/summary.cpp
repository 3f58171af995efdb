#include "get/summary.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "cli/units.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMostInText = 8;
constexpr std::size_t kMostInJson = 100;
constexpr Duration kWorthAWord = std::chrono::milliseconds(1);

std::string times(std::uint64_t count) { return count == 1 ? "1 time" : fmt::format("{} times", count); }

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double to_milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

boost::json::object errors_of(const Totals& totals) {
  boost::json::object errors;
  for (const auto& [error_class, count] : totals.errors) errors[http::to_string(error_class)] = count;
  return errors;
}

boost::json::array failures_json(const FailureGroups& failures) {
  boost::json::array groups;
  for (const FailureGroups::Group& group : failures.largest(kMostInJson)) {
    boost::json::object& one = groups.emplace_back(boost::json::object()).as_object();
    one["class"] = http::to_string(group.error_class);
    one["message"] = cli::escape_for_terminal(group.message);
    one["count"] = group.count;
    boost::json::array& examples = (one["examples"] = boost::json::array()).as_array();
    for (const auto& [url, line] : group.examples) {
      boost::json::object example;
      example["url"] = url;
      if (line != 0) example["line"] = line;
      examples.push_back(std::move(example));
    }
  }
  return groups;
}

std::string group_text(const FailureGroups::Group& group) {
  std::string text = fmt::format("{:>8}  {}: {}\n", group.count, http::to_string(group.error_class),
                                 cli::escape_for_terminal(group.message));
  for (const auto& [url, line] : group.examples) {
    const std::string place = line == 0 ? std::string() : fmt::format("line {}: ", line);
    text += fmt::format("{:10}    {}{}\n", "", place, cli::escape_for_terminal(url, 200));
  }
  if (group.count > group.examples.size())
    text += fmt::format("{:10}    and {} more\n", "", group.count - group.examples.size());
  return text;
}

/// By what may be done about them.
std::string failures_text(const FailureGroups& failures, bool has_manifest) {
  auto groups = failures.largest(kMostInText);
  std::string text;
  while (!groups.empty()) {
    const std::string advice = advice_for(groups.front());
    const auto is_advised = [&advice](const auto& group) { return advice_for(group) == advice; };
    for (const auto& group : groups) text += is_advised(group) ? group_text(group) : "";
    std::erase_if(groups, is_advised);
    text += fmt::format("{:10}-> {}\n", "", advice);
  }
  if (failures.size() > kMostInText)
    text += fmt::format("{:10}and {} other kinds of failures: {} has every failure\n", "",
                        failures.size() - kMostInText, has_manifest ? "overlap status DIR --failed" : "--log FILE");
  return text;
}

boost::json::object latency_of(const LatencyHistogram& latency) {
  boost::json::object quantiles;
  quantiles["p50"] = to_milliseconds(latency.quantile(0.50));
  quantiles["p90"] = to_milliseconds(latency.quantile(0.90));
  quantiles["p99"] = to_milliseconds(latency.quantile(0.99));
  quantiles["max"] = to_milliseconds(latency.max());
  return quantiles;
}

boost::json::object bound_json(const BoundTimes& times) {
  boost::json::object shares;
  for (const Bound bound : kBounds) {
    if (times.share(bound) > 0) shares[to_string(bound)] = times.share(bound);
  }
  return shares;
}

std::string at_a_time(const RunFigures& figures) {
  if (!figures.found) return fmt::format("{} at a time", figures.concurrency);
  const std::string text = fmt::format("{} at a time were found", figures.found->at_a_time());
  if (!figures.found->search) return text + ", more may be better";
  return text + fmt::format(" in {}", cli::format_duration(*figures.found->search));
}

}  // namespace

std::string summary_json(const Totals& totals, const RunFigures& figures) {
  boost::json::object summary;
  summary["items"] = totals.items;
  summary["ok"] = totals.ok;
  summary["failed"] = totals.failed;
  summary["skipped"] = totals.skipped;
  summary["bad_input"] = totals.bad_input;
  summary["failed_before"] = totals.failed_before;
  summary["repeated"] = totals.repeated;
  summary["retries"] = totals.retries;
  summary["holds"] = totals.holds;
  summary["held_seconds"] = to_seconds(totals.held);
  summary["outages"] = totals.outages;
  summary["bytes"] = totals.bytes;
  summary["seconds"] = to_seconds(figures.elapsed);
  summary["model"] = figures.model;
  summary["concurrency"] = figures.concurrency;
  if (figures.found) {
    summary["concurrency_found"] = figures.found->at_a_time();
    summary["concurrency_most"] = figures.found->most;
    summary["search_seconds"] =
        figures.found->search ? boost::json::value(to_seconds(*figures.found->search)) : nullptr;
  }
  summary["errors"] = errors_of(totals);
  summary["failures"] = failures_json(totals.failures);
  summary["latency_ms"] = latency_of(totals.latency);
  summary["bound"] = bound_json(figures.bound);
  return boost::json::serialize(summary);
}

std::string summary_text(const Totals& totals, const RunFigures& figures) {
  std::string text;
  const std::uint64_t fetched = totals.ok - totals.repeated;
  if (totals.items > fetched) {
    text += fmt::format("{} items: {} fetched", totals.items, fetched);
    if (totals.repeated > 0) text += fmt::format(", {} repeated", totals.repeated);
    if (totals.skipped > 0) text += fmt::format(", {} there already", totals.skipped);
    if (totals.failed > 0) text += fmt::format(", {} failed", totals.failed);
    if (totals.bad_input > 0) text += fmt::format(", {} bad lines", totals.bad_input);
    text += '\n';
  }
  text += failures_text(totals.failures, figures.has_manifest);
  if (totals.holds > 0 && totals.held >= kWorthAWord)
    text += fmt::format("hosts were left alone {}, for {} in all\n", times(totals.holds),
                        cli::format_duration(totals.held));
  if (totals.outages > 0) text += fmt::format("the network was waited for {}\n", times(totals.outages));
  const double seconds = to_seconds(figures.elapsed);
  const double rate = seconds > 0 ? static_cast<double>(fetched) / seconds : 0;
  if (fetched > 0) {
    text += fmt::format("{}, {:.0f} a second, latency {} median, {} p99 ({}, {})\n", cli::format_size(totals.bytes),
                        rate, cli::format_duration(totals.latency.quantile(0.5)),
                        cli::format_duration(totals.latency.quantile(0.99)), figures.model, at_a_time(figures));
  }
  if (!figures.what_bound.empty()) text += figures.what_bound + '\n';
  return text + fmt::format("Downloaded {} in {:.2f} seconds\n", fetched, seconds);
}

int exit_code_of(const Totals& totals, RunEnd end, int signal, double max_fail_rate) {
  switch (end) {
    case RunEnd::interrupted:
      return 128 + signal;
    case RunEnd::disk_full:
    case RunEnd::unrecorded:
      return 3;
    case RunEnd::list_failed:
    case RunEnd::list_changed:
      return 2;
    case RunEnd::broken:
    case RunEnd::failed_early:
      return 1;
    case RunEnd::complete:
      break;
  }
  if (totals.errors.contains(http::ErrorClass::disk)) return 3;
  const std::uint64_t failed = totals.failed + totals.bad_input;
  if (failed == 0) return 0;
  return static_cast<double>(failed) < max_fail_rate * static_cast<double>(totals.items) ? 0 : 1;
}

}  // namespace overlap::get
