#include "compare/notes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace overlap::compare {
namespace {

/// A share of the time at which something is busy enough to hold up others.
constexpr double kBottleneck = 0.85;
constexpr double kShareOfOthers = 0.15;  // of all CPUs, that is worth naming

/// Said where the range that is shown is the interval: with more runs that is narrower.
std::string interval_note(const Findings& findings) {
  for (const ModelSummary& summary : findings.summaries) {
    const auto& interval = summary.interval;
    if (!interval || interval->low > summary.seconds.min || interval->high < summary.seconds.max) continue;
    return fmt::format("with {} runs the median of all that could be lies within their range in {:.0f} of 100 cases",
                       summary.runs, interval->confidence * 100);
  }
  return {};
}

std::string busy_note(const Findings& findings) {
  const Machine& machine = findings.machine;
  if (machine.load <= 0.5 * static_cast<double>(machine.cpus)) return {};
  return fmt::format("the machine was busy when this began (load {:.1f} on {} CPU{}), which shows in the figures",
                     machine.load, machine.cpus, machine.cpus == 1 ? "" : "s");
}

/// `before`, and the models of which this is so; nothing if it is so of none.
template <class Predicate>
std::string models_note(const Findings& findings, std::string_view before, Predicate is_so) {
  std::vector<std::string_view> names;
  for (const ModelSummary& summary : findings.summaries) {
    if (is_so(summary)) names.push_back(cli::to_string(summary.model));
  }
  return names.empty() ? std::string() : fmt::format("{} {}", before, fmt::join(names, ", "));
}

// What was measured in the next three cases is not the model.

std::string origin_note(const Findings& findings) {
  return models_note(findings, "the built-in origin was busy all the time, so it may be what limits",
                     [](const ModelSummary& summary) { return summary.origin_busy >= kBottleneck; });
}

std::string shared_cpus_note(const Findings& findings) {
  return models_note(
      findings, "origin and work share the CPUs, and left none of them free under",
      [](const ModelSummary& summary) { return summary.origin_busy > 0 && summary.cpus_busy >= kBottleneck; });
}

std::string others_note(const Findings& findings) {
  return models_note(findings, "other programs of this machine, such as a server on it, left no CPU free under",
                     [](const ModelSummary& summary) {
                       return summary.machine_busy >= kBottleneck &&
                              summary.machine_busy - summary.cpus_busy >= kShareOfOthers;
                     });
}

/// Where something was wrong that is said instead.
std::string difference_note(const Findings& findings) {
  const bool differ = findings.result.complaints.empty() && findings.result.results_differ;
  return differ ? "what was downloaded is not the same in every run" : "";
}

}  // namespace

std::vector<std::string> notes_of(const Findings& findings) {
  std::vector<std::string> notes;
  for (const auto note : {interval_note, busy_note, origin_note, shared_cpus_note, others_note, difference_note}) {
    if (std::string text = note(findings); !text.empty()) notes.push_back(std::move(text));
  }
  return notes;
}

}  // namespace overlap::compare
