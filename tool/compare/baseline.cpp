#include "compare/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <filesystem>

#include "cli/escape.hpp"
#include "cli/input_file.hpp"
#include "cli/table.hpp"
#include "compare/significance.hpp"

namespace overlap::compare {
namespace {

namespace json = boost::json;

const json::value& member(const json::value& of, std::string_view name) {
  const json::object* const object = of.if_object();
  const json::value* const found = object != nullptr ? object->if_contains(name) : nullptr;
  if (found == nullptr) throw std::runtime_error(fmt::format("it has no '{}'", name));
  return *found;
}

/// What is measured, not how often. The list is looked at by itself: one file has many spellings.
std::string kind_of(json::object options) {
  for (const char* const name : {"models", "repeat", "warmup", "file"}) options.erase(name);
  return json::serialize(options);
}

std::string machine_of(const json::value& machine) {
  return fmt::format("{}, {} CPUs", std::string_view(member(machine, "model").as_string()),
                     member(machine, "cpus").to_number<std::size_t>());
}

/// As written, but for what makes no difference.
std::string list_of(const json::object& options) {
  const json::value* const file = options.if_contains("file");
  if (file == nullptr) return {};
  return std::filesystem::path(std::string(file->as_string())).lexically_normal().string();
}

/// All runs do the same work, so that any may tell.
std::uint64_t items_of(const json::array& models) {
  for (const json::value& model : models) {
    const json::array& runs = member(model, "runs").as_array();
    if (!runs.empty()) return member(runs.front(), "items").to_number<std::uint64_t>();
  }
  return 0;
}

Baseline::Model model_of(const json::value& value) {
  Baseline::Model model{.name = std::string(member(value, "model").as_string()), .seconds = {}};
  for (const json::value& run : member(value, "runs").as_array()) {
    const bool counts = !member(run, "warmup").as_bool() && member(run, "failed").to_number<std::uint64_t>() == 0;
    if (counts) model.seconds.push_back(member(run, "seconds").to_number<double>());
  }
  return model;
}

Baseline baseline_of(const json::value& value) {
  Baseline baseline;
  baseline.workload = member(value, "workload").as_string();
  baseline.options = kind_of(member(value, "options").as_object());
  baseline.list = list_of(member(value, "options").as_object());
  baseline.items = items_of(member(value, "models").as_array());
  baseline.machine = machine_of(member(value, "machine"));
  for (const json::value& model : member(value, "models").as_array()) baseline.models.push_back(model_of(model));
  return baseline;
}

Change change_of(const Baseline::Model& before, const Baseline::Model& now) {
  Change change;
  change.model = now.name;
  change.before = spread_of(before.seconds).median;
  change.now = spread_of(now.seconds).median;
  change.chance = chance_of_difference(before.seconds, now.seconds);
  if (!can_differ(before.seconds.size(), now.seconds.size())) {
    change.verdict = Change::Verdict::too_few;
  } else if (change.chance <= kChance) {
    change.verdict = change.now < change.before ? Change::Verdict::faster : Change::Verdict::slower;
  }
  return change;
}

std::string sentence_of(const Change& change) {
  const std::string times =
      fmt::format("{}: {} s, was {} s", change.model, cli::three_digits(change.now), cli::three_digits(change.before));
  const double percent = change.before > 0 ? (change.now / change.before - 1) * 100 : 0;
  switch (change.verdict) {
    case Change::Verdict::faster:
      return fmt::format("{}: faster, {:.1f} % less time", times, -percent);
    case Change::Verdict::slower:
      return fmt::format("{}: slower, {:.1f} % more time", times, percent);
    case Change::Verdict::alike:
      return fmt::format("{}: no difference beyond noise ({:+.1f} %)", times, percent);
    case Change::Verdict::too_few:
      break;
  }
  return fmt::format("{}: too few runs to tell a difference from noise; 4 of each are the least", times);
}

}  // namespace

std::expected<Baseline, std::string> parse_baseline(std::string_view text) {
  const auto no_comparison = [](std::string_view why) {
    return std::unexpected(fmt::format("it is not what compare --json has written: {}", why));
  };
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return no_comparison(error.message());
  try {
    return baseline_of(value);
  } catch (const boost::system::system_error& wrong) {  // of another kind
    return no_comparison(wrong.code().message());
  } catch (const std::exception& wrong) {
    return no_comparison(wrong.what());
  }
}

std::expected<Baseline, std::string> read_baseline(const std::string& file) {
  const std::string name = cli::escape_for_terminal(file);
  const auto text = cli::read_file(file);
  if (!text) return std::unexpected(text.error().message);
  auto baseline = parse_baseline(*text);
  if (!baseline) return std::unexpected(fmt::format("{}: {}", name, baseline.error()));
  return baseline;
}

std::vector<Change> changes_since(const Baseline& baseline, const Findings& findings) {
  const Baseline now = baseline_of(json::parse(report_json(findings)));
  std::vector<Change> changes;
  for (const Baseline::Model& model : now.models) {
    const auto before = std::ranges::find(baseline.models, model.name, &Baseline::Model::name);
    if (before == baseline.models.end() || before->seconds.empty() || model.seconds.empty()) continue;
    changes.push_back(change_of(*before, model));
  }
  return changes;
}

std::vector<std::string> doubts_about(const Baseline& baseline, const Findings& findings) {
  const Baseline now = baseline_of(json::parse(report_json(findings)));
  std::vector<std::string> doubts;
  if (baseline.workload != now.workload) {
    doubts.push_back(fmt::format("the workload was '{}'", cli::escape_for_terminal(baseline.workload, 100)));
  }
  if (!baseline.list.empty() && !now.list.empty() && baseline.list != now.list) {
    doubts.push_back(fmt::format("the list was {}", cli::escape_for_terminal(baseline.list, 300)));
  }
  if (baseline.items > 0 && now.items > 0 && baseline.items != now.items) {
    doubts.push_back(fmt::format("it had {} items, and this has {}", baseline.items, now.items));
  }
  if (baseline.options != now.options) {
    doubts.push_back(fmt::format("the options were {}", cli::escape_for_terminal(baseline.options, 300)));
  }
  if (baseline.machine != now.machine) {
    doubts.push_back(fmt::format("the machine was {}", cli::escape_for_terminal(baseline.machine, 100)));
  }
  return doubts;
}

std::string baseline_text(const Baseline& baseline, const Findings& findings) {
  std::string text;
  for (const std::string& doubt : doubts_about(baseline, findings)) {
    text += fmt::format("note: this and the baseline are not alike: {}\n", doubt);
  }
  text += "against the baseline:\n";
  const auto changes = changes_since(baseline, findings);
  for (const Change& change : changes) text += "  " + sentence_of(change) + '\n';
  if (changes.empty()) text += "  no model has a run without failures in both\n";
  return text;
}

}  // namespace overlap::compare
