#include "compare/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.hpp"
#include "compare/timeline.hpp"

namespace overlap::compare {
namespace {

using cli::three_digits;

// Between these two shares of CPU time, work is called mixed.
constexpr double kWaits = 0.2;
constexpr double kComputes = 0.8;
/// What is this near to the ideal leaves nothing worth looking for.
constexpr double kNearIdeal = 0.8;
/// A thread that computes for this much of the time is what limits it.
constexpr double kBusy = 0.7;

std::string name_of(cli::Model model) { return std::string(cli::to_string(model)); }

/// With a decimal near both ends, where "0 %" and "100 %" would say too much.
std::string percent(double share) {
  const bool is_extreme = share > 0 && share < 1 && (share < 0.01 || share > 0.99);
  return fmt::format("{:.{}f} %", share * 100, is_extreme ? 1 : 0);
}

const ModelSummary* whole_inline(const Findings& findings) {
  const auto is_inline = [](const ModelSummary& summary) {
    return summary.model == cli::Model::inline_ && is_whole(summary);
  };
  const auto found = std::ranges::find_if(findings.summaries, is_inline);
  return found == findings.summaries.end() ? nullptr : &*found;
}

/// Inline if that was run whole, else the first one that was; null: none was.
const ModelSummary* summary_to_judge_by(const Findings& findings) {
  if (const ModelSummary* const single = whole_inline(findings)) return single;
  const auto found = std::ranges::find_if(findings.summaries, is_whole);
  return found == findings.summaries.end() ? nullptr : &*found;
}

bool is_too_short(const Findings& findings) {
  const ModelSummary* const summary = summary_to_judge_by(findings);
  return summary != nullptr && summary->seconds.min < kTooShort;
}

const ModelSummary* fastest(const Findings& findings) {
  const ModelSummary* best = nullptr;
  for (const ModelSummary& summary : findings.summaries) {
    if (!is_whole(summary)) continue;
    if (best == nullptr || summary.seconds.median < best->seconds.median) best = &summary;
  }
  return best;
}

/// Their runs overlap, so that another time the other might be ahead. A single run has no spread: a tenth stands for
/// it.
bool is_as_fast(const ModelSummary& best, const ModelSummary& other) {
  const double noise = best.runs > 1 ? 1.0 : 1.1;
  return other.seconds.min <= best.seconds.max * noise;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

std::string nature_sentence(double share) {
  switch (nature_of(share)) {
    case Nature::waits:
      return fmt::format(
          "I/O-bound: {} of the time was spent waiting, {} computing. Waits can overlap, so what counts is "
          "how many are under way at once.",
          percent(1 - share), percent(share));
    case Nature::computes:
      return fmt::format(
          "CPU-bound: {} of the time was spent computing. Only more CPUs make it faster: as many workers "
          "as there are CPUs are enough.",
          percent(std::min(share, 1.0)));
    case Nature::mixed:
      break;
  }
  return fmt::format(
      "Mixed: {} of the time was spent computing and {} waiting. Waits can overlap up to where the CPUs are "
      "busy all the time.",
      percent(share), percent(1 - share));
}

/// The phase that most of the tasks' time went into.
std::string phase_sentence(const Findings& findings) {
  const auto has_trace = [](const ModelRuns& model) { return model.trace && !model.failure; };
  const auto model = std::ranges::find_if(findings.result.models, has_trace);
  if (model == findings.result.models.end()) return {};
  const auto seconds = seconds_by_phase(make_timeline(*model->trace, model->model == cli::Model::loop));
  double all = 0;
  for (const double one : seconds) all += one;
  if (all <= 0) return {};
  const auto most = std::ranges::max_element(seconds);
  const auto phase = static_cast<Phase>(most - seconds.begin());
  return fmt::format("A task's time goes into {} ({}, seen under {}).", to_string(phase), percent(*most / all),
                     name_of(model->model));
}

std::string fastest_sentence(const Findings& findings, const ModelSummary& best) {
  std::vector<std::string> names;
  for (const ModelSummary& summary : findings.summaries) {
    if (is_whole(summary) && (&summary == &best || is_as_fast(best, summary))) names.push_back(name_of(summary.model));
  }
  if (names.size() > 1 && names.size() == findings.summaries.size()) {
    return fmt::format("No model is faster than the others beyond the spread of the runs: {} are alike.",
                       list_of(names));
  }
  std::string text = names.size() > 1 ? fmt::format("Fastest, alike within the spread of the runs: {}", list_of(names))
                                      : fmt::format("Fastest: {}", names.front());
  text += fmt::format(", {} seconds", three_digits(best.seconds.median));
  if (best.speedup && best.model != cli::Model::inline_) {
    text += fmt::format(", {} times as fast as one after the other", three_digits(*best.speedup));
  }
  return text + '.';
}

/// What keeps the fastest from being faster.
std::string limit_sentence(const Findings& findings, const ModelSummary& best) {
  if (!best.efficiency) return {};
  const std::string reached = fmt::format("The fastest, {}, reached {} of the ideal, {} seconds", name_of(best.model),
                                          percent(std::min(*best.efficiency, 1.0)), three_digits(*best.ideal_seconds));
  const double threads = best.model == cli::Model::loop ? 1 : static_cast<double>(findings.machine.cpus);
  const double busy = best.seconds.median > 0 ? best.cpu_seconds / best.seconds.median / threads : 0;
  if (best.origin_busy >= kBusy)
    return fmt::format("{}; the built-in origin limits it, busy for {} of the time.", reached,
                       percent(std::min(best.origin_busy, 1.0)));
  if (busy >= kBusy)
    return fmt::format("{}; the CPU limits it, busy for {} of the time.", reached, percent(std::min(busy, 1.0)));
  if (*best.efficiency >= kNearIdeal) {
    return fmt::format("{}; more at once, or shorter waits, are all that would help.", reached);
  }
  return fmt::format("{}; the rest goes into setting up, and into waiting for each other and for the CPUs.", reached);
}

/// The ideal is made of what the inline runs took: their CPU time, and their waits unless these are known. Where that
/// was less in the runs of another model, it is none.
std::string no_ideal_sentence(const Findings& findings) {
  std::vector<std::string> names;
  for (const ModelSummary& summary : findings.summaries) {
    if (summary.beats_ideal) names.push_back(name_of(summary.model));
  }
  if (names.empty()) return {};
  const bool knows_waits = findings.options.workload->stages != nullptr;
  return fmt::format("No ideal is known for {}: {} in {} runs than one after the other.", list_of(names),
                     knows_waits ? "computing took less time" : "waits were shorter",
                     names.size() == 1 ? "its" : "their");
}

std::string failures_sentence(const Findings& findings) {
  std::vector<std::string> names;
  for (const ModelSummary& summary : findings.summaries) {
    if (!is_whole(summary)) names.push_back(name_of(summary.model));
  }
  if (names.empty()) return {};
  return fmt::format("Not compared, since items or whole runs failed: {}.", list_of(names));
}

}  // namespace

std::optional<double> cpu_share(const Findings& findings) {
  const ModelSummary* const summary = summary_to_judge_by(findings);
  if (summary == nullptr || summary->seconds.median <= 0) return std::nullopt;
  if (summary->model == cli::Model::inline_) {  // while others had the CPU it neither waited nor computed
    const double own = summary->seconds.median - summary->stalled_seconds;
    return own > 0 ? std::clamp(summary->cpu_seconds / own, 0.0, 1.0) : 1;
  }
  const double together =
      summary->seconds.median *
      static_cast<double>(std::min(summary->model == cli::Model::loop ? 1 : summary->workers, findings.machine.cpus));
  return std::clamp(summary->cpu_seconds / together, 0.0, 1.0);
}

Nature nature_of(double cpu_share) {
  if (cpu_share <= kWaits) return Nature::waits;
  return cpu_share >= kComputes ? Nature::computes : Nature::mixed;
}

std::vector<std::string> reading_of(const Findings& findings) {
  std::vector<std::string> sentences;
  const auto add = [&sentences](std::string sentence) {
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
  };
  const auto share = cpu_share(findings);
  const ModelSummary* const best = fastest(findings);
  const bool is_short = is_too_short(findings);
  if (is_short)
    add("Too short to tell whether it waits or computes: beginning takes much of the time. Try with more work.");
  if (share && !is_short) add(nature_sentence(*share));
  add(phase_sentence(findings));
  if (best != nullptr && findings.summaries.size() > 1) add(fastest_sentence(findings, *best));
  if (best != nullptr && !is_short) add(limit_sentence(findings, *best));
  add(no_ideal_sentence(findings));
  add(failures_sentence(findings));
  return sentences;
}

}  // namespace overlap::compare
