#include "compare/advice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.hpp"
#include "cli/wrap.hpp"
#include "compare/statistics.hpp"

namespace overlap::compare {
namespace {

using cli::three_digits;

constexpr double kBusy = 0.8;
constexpr double kShareOfOthers = 0.15;  // of all CPUs' time, that is worth naming
/// The share of its time that work may be kept from a CPU before its gains say nothing.
constexpr double kCrowded = 0.2;
/// Bytes a second, below which hardly any network is what limits.
constexpr double kWorthBandwidth = 1e6;

/// Of two that are alike, the one that costs less to have: a loop needs one thread, threads share memory.
int burden(cli::Model model) {
  switch (model) {
    case cli::Model::inline_:
      return 0;
    case cli::Model::loop:
      return 1;
    case cli::Model::threads:
      return 2;
    case cli::Model::processes:
      break;
  }
  return 3;
}

/// Neither beats the other by more than noise.
bool are_alike(const Probe& a, const Probe& b) { return !is_gain(a, b) && !is_gain(b, a); }

/// The loop has one thread: what computes takes as long on it as one after the other. Where it was faster than that, so
/// was the CPU.
Probe as_far_as_overlap_goes(Probe knee, const Probe& single, Nature nature) {
  if (knee.model != cli::Model::loop || nature != Nature::computes) return knee;
  for (double& seconds : knee.seconds) seconds = std::max(seconds, single.cpu_seconds);
  return knee;
}

Probe best_of(const Probe& single, const std::vector<std::vector<Probe>>& sweeps, Nature nature) {
  Probe best = single;
  for (const auto& sweep : sweeps) {
    const Probe knee = as_far_as_overlap_goes(knee_of(sweep), single, nature);
    const bool is_lighter = burden(knee.model) < burden(best.model);
    if (is_gain(best, knee) || (are_alike(best, knee) && is_lighter)) best = knee;
  }
  return best;
}

/// The most at once that was tried with that model; every sweep goes up.
std::size_t most_tried(cli::Model model, const std::vector<std::vector<Probe>>& sweeps) {
  const auto is_of_model = [model](const auto& sweep) { return sweep.front().model == model; };
  const auto sweep = std::ranges::find_if(sweeps, is_of_model);
  return sweep == sweeps.end() ? 1 : sweep->back().at_once;
}

Limit limit_of(const Probe& best, std::size_t most, const WorkFacts& facts) {
  if (facts.accepted > 0 && best.at_once >= facts.accepted) return Limit::refusals;
  const double busy = best.median() > 0 ? best.cpu_seconds / best.median() : 0;
  if (busy >= kBusy * static_cast<double>(facts.cpus)) return Limit::cpu;
  if (best.model == cli::Model::loop && busy >= kBusy) return Limit::loop;
  if (best.origin_busy >= kBusy) return Limit::origin;
  if (best.origin_busy > 0 && best.cpus_busy >= kBusy) return Limit::cpu;
  if (facts.host_limit > 0 && best.at_once >= facts.host_limit) return Limit::host;
  if (best.at_once >= facts.items) return Limit::latency;
  if (facts.longest_seconds > 0 && best.median() <= 2 * facts.longest_seconds) return Limit::latency;
  const double own = std::max(busy / static_cast<double>(facts.cpus), best.cpus_busy);
  if (best.machine_busy >= kBusy && best.machine_busy - own >= kShareOfOthers) return Limit::others;
  if (best.at_once >= most) return Limit::untried;
  if (facts.bytes == 0) return Limit::themselves;
  return static_cast<double>(facts.bytes) >= kWorthBandwidth * best.median() ? Limit::bandwidth : Limit::servers;
}

std::string limit_sentence(const Advice& advice, const WorkFacts& facts) {
  switch (advice.limit) {
    case Limit::cpu:
      return fmt::format("The CPU limits it: all {} are busy.", facts.cpus);
    case Limit::loop:
      return "The CPU limits it: the one thread of the loop is busy all the time.";
    case Limit::origin:
      return "The built-in origin limits it, which is busy all the time; a real one may allow more.";
    case Limit::others:
      return "The CPUs of this machine limit it: all are busy, in part with what others do (a server on it is one of "
             "them).";
    case Limit::refusals:
      return fmt::format("The hosts refuse more than {} at once.", facts.accepted);
    case Limit::host:
      return fmt::format("The limit of the hosts binds: no more than {} may be asked of them at once.",
                         facts.host_limit);
    case Limit::latency:
      return "Latency limits it: it takes little more than the longest wait by itself.";
    case Limit::themselves:
      return advice.knows_machine
                 ? "The tasks limit themselves: they wait for time or for each other, and no CPU is busy."
                 : "The tasks limit themselves: they wait for time or for each other.";
    case Limit::untried:
      return fmt::format("More may gain more: no more than {} at once were tried.", advice.most_tried);
    case Limit::servers:
    case Limit::bandwidth:
      break;
  }
  const std::string who =
      advice.limit == Limit::bandwidth
          ? "the network or the servers limit it (bandwidth)"
          : fmt::format("the servers limit it, they answer no more than {} at a time", advice.at_once);
  return advice.knows_machine
             ? fmt::format("More at once brings no more through, and no CPU is busy: {}.", who)
             : fmt::format(
                   "More at once brings no more through: {}, or what else runs on this machine limits it; the "
                   "runs are too short to see that.",
                   who);
}

std::string nature_sentence(const Advice& advice) {
  const double computes = advice.cpu_share * 100;
  switch (advice.nature) {
    case Nature::waits:
      return fmt::format("I/O-bound: one after the other, {:.1f} % of the time is spent computing, the rest waiting.",
                         computes);
    case Nature::computes:
      return fmt::format("CPU-bound: one after the other, {:.1f} % of the time is spent computing.", computes);
    case Nature::mixed:
      break;
  }
  return fmt::format("Mixed: one after the other, {:.1f} % of the time is spent computing, the rest waiting.",
                     computes);
}

/// The flag that sets how much is at once.
std::string flags_of(cli::Model model, std::size_t at_once) {
  if (model == cli::Model::inline_) return "--model inline";
  const bool is_loop = model == cli::Model::loop;
  return fmt::format("--model {} {} {}", cli::to_string(model), is_loop ? "-j" : "--workers", at_once);
}

/// Where nothing beyond it was tried, what limits it says why.
std::string beyond_sentence(const Advice& advice, const WorkFacts& facts) {
  if (advice.at_once >= facts.items) return " That is all of it at once.";
  if (advice.most_tried <= advice.at_once) return {};
  if (advice.most_tried >= 2 * advice.at_once) return " Twice as many at once gain nothing.";
  return fmt::format(" {} at once gain nothing.", advice.most_tried);
}

std::string recommendation(const Advice& advice, const WorkFacts& facts) {
  if (!advice.has_others && advice.limit == Limit::refusals) return "Use inline.";
  if (!advice.has_others) {
    return "Nothing but inline was tried, so it is not known whether another model is faster (--models).";
  }
  if (advice.model == cli::Model::inline_) {
    return "Use inline: no model is faster than one after the other by more than noise.";
  }
  return fmt::format("Use {}: {} s, {} times as fast as one after the other.{}", flags_of(advice.model, advice.at_once),
                     three_digits(advice.seconds), three_digits(advice.gain), beyond_sentence(advice, facts));
}

std::string sweep_table(const Probe& single, const std::vector<std::vector<Probe>>& sweeps, std::size_t width) {
  cli::Table table({{"model", cli::Table::Align::left}, {"at once"}, {"seconds"}, {"speed-up"}, {"CPU\nseconds"}});
  const auto add = [&](const Probe& probe) {
    const auto speedup = efficiency(single.median(), probe.median());
    table.add_row({std::string(cli::to_string(probe.model)), std::to_string(probe.at_once),
                   three_digits(probe.median()), speedup ? three_digits(*speedup) + "x" : "-",
                   three_digits(probe.cpu_seconds)});
  };
  add(single);
  for (const auto& sweep : sweeps) {
    for (const Probe& probe : sweep) add(probe);
  }
  return table.text(width);
}

std::string advice_sentences(const Advice& advice, const WorkFacts& facts) {
  if (advice.is_short) {
    return fmt::format(
        "Too short to tell: under {:.0f} ms one after the other, beginning takes much of the time. Try "
        "with more work.\n",
        kTooShort * 1000);
  }
  std::string text = nature_sentence(advice) + '\n';
  if (advice.is_crowded) {
    return text +
           "Too noisy to tell: others had the CPUs for much of the time, so more workers could not show what they "
           "gain.\n"
           "Try again on a machine at rest.\n";
  }
  if (!advice.is_clear) {
    return text + fmt::format(
                      "Too noisy to tell: runs of the same kind lie {:.0f} % apart. Try again on a machine at rest, or "
                      "with more work.\n",
                      advice.noise * 100);
  }
  text += recommendation(advice, facts) + '\n';
  if (advice.model != cli::Model::inline_ || advice.limit == Limit::refusals)
    text += limit_sentence(advice, facts) + '\n';
  return text;
}

}  // namespace

double Probe::median() const { return spread_of(seconds).median; }

double Probe::noise() const {
  const Spread spread = spread_of(seconds);
  return spread.median > 0 ? (spread.max - spread.min) / spread.median : 0;
}

// Half of the range lies on either side of the median. Each in seconds: one slow run among many that are 40 times as
// fast is no doubt about that.
bool is_gain(const Probe& before, const Probe& next) {
  const auto half_range = [](const Probe& probe) { return probe.noise() * probe.median() / 2; };
  const double noise = std::max({kGain * before.median(), half_range(before), half_range(next)});
  return next.median() < before.median() - noise;
}

bool is_exhausted(const std::vector<Probe>& sweep) {
  const std::size_t size = sweep.size();
  if (size < 3) return false;
  return !is_gain(sweep[size - 3], sweep[size - 2]) && !is_gain(sweep[size - 3], sweep[size - 1]);
}

const Probe& knee_of(const std::vector<Probe>& sweep) {
  for (std::size_t i = 0; i < sweep.size(); ++i) {
    const auto beats = [&](const Probe& later) { return is_gain(sweep[i], later); };
    if (std::none_of(sweep.begin() + static_cast<std::ptrdiff_t>(i) + 1, sweep.end(), beats)) return sweep[i];
  }
  return sweep.back();
}

Advice advise(const Probe& single, const std::vector<std::vector<Probe>>& sweeps, const WorkFacts& facts) {
  Advice advice;
  // While others had the CPU it neither waited for anything else nor computed.
  const double own = single.median() - single.stalled_seconds;
  advice.cpu_share = own > 0 ? std::clamp(single.cpu_seconds / own, 0.0, 1.0) : 1;
  advice.nature = nature_of(advice.cpu_share);
  const Probe best = best_of(single, sweeps, advice.nature);
  advice.model = best.model;
  advice.at_once = best.at_once;
  advice.seconds = best.median();
  advice.gain = best.median() > 0 ? single.median() / best.median() : 1;
  advice.is_short = spread_of(single.seconds).min < kTooShort;
  advice.has_others = !sweeps.empty();
  advice.most_tried = most_tried(best.model, sweeps);
  advice.limit = limit_of(best, advice.most_tried, facts);
  advice.knows_machine = best.machine_busy > 0;
  advice.noise = std::max(single.noise(), best.noise());
  const double stalled = single.median() > 0 ? single.stalled_seconds / single.median() : 0;
  advice.is_crowded = advice.nature != Nature::waits && stalled > kCrowded;
  advice.is_clear = advice.noise <= kTooNoisy || advice.gain > 1 + 2 * advice.noise;
  return advice;
}

std::string left_out_sentence(const LeftOut& left_out) {
  if (left_out.items == 0) return {};
  return fmt::format("{} of {} items fail{}: left out ({})", left_out.items, left_out.of,
                     left_out.items == 1 ? "s" : "", left_out.example);
}

std::string advice_text(const Advice& advice, const Probe& single, const std::vector<std::vector<Probe>>& sweeps,
                        const WorkFacts& facts, std::size_t width) {
  return sweep_table(single, sweeps, width) + '\n' + cli::wrapped(advice_sentences(advice, facts), width);
}

}  // namespace overlap::compare
