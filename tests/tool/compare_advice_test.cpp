// What is recommended, from figures that are known.
#include "compare/advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace overlap::compare {
namespace {

using cli::Model;
using testing::HasSubstr;
using testing::Not;

/// Three runs, `spread` of the time apart.
Probe probe_of(Model model, std::size_t at_once, double seconds, double cpu_seconds, double spread = 0.02) {
  Probe probe;
  probe.model = model;
  probe.at_once = at_once;
  probe.seconds = {seconds * (1 - spread / 2), seconds, seconds * (1 + spread / 2)};
  probe.cpu_seconds = cpu_seconds;
  return probe;
}

/// A sweep as the program makes it: doubles what is at once until it gains nothing, or up to `most`.
std::vector<Probe> sweep_of(Model model, std::size_t most, const std::function<Probe(std::size_t)>& run) {
  std::vector<Probe> probes;
  for (std::size_t at_once = 2;; at_once *= 2) {
    at_once = std::min(at_once, most);
    probes.push_back(run(at_once));
    probes.back().model = model;
    if (at_once == most || is_exhausted(probes)) return probes;
  }
}

/// Work of `items` that wait and compute; of which `bound` at most can be under way. A loop has one thread to compute
/// on.
struct Work {
  std::uint64_t items = 1000;
  double wait = 0.05;  ///< seconds of each item
  double compute = 0;  ///< the same
  std::size_t bound = 1'000'000;
  std::size_t cpus = 4;

  double cpu() const { return static_cast<double>(items) * compute; }
  double seconds(std::size_t at_once, std::size_t threads) const {
    const auto lanes = static_cast<double>(std::min(at_once, bound));
    const double waits = static_cast<double>(items) * (wait + compute) / lanes;
    return std::max({waits, wait, cpu() / static_cast<double>(std::min(threads, cpus))});
  }
  Probe single() const { return probe_of(Model::inline_, 1, seconds(1, 1), cpu()); }
  std::vector<std::vector<Probe>> sweeps() const {
    const auto pool = [this](std::size_t n) { return probe_of(Model::threads, n, seconds(n, n), cpu()); };
    const auto loop = [this](std::size_t n) { return probe_of(Model::loop, n, seconds(n, 1), cpu()); };
    const auto processes = [this](std::size_t n) {
      return probe_of(Model::processes, n, seconds(n, n) * 1.02, cpu() * 1.1);
    };
    return {sweep_of(Model::threads, std::min<std::size_t>(items, 256), pool),
            sweep_of(Model::loop, std::min<std::size_t>(items, 4096), loop),
            sweep_of(Model::processes, std::min<std::size_t>(items, 256), processes)};
  }
  WorkFacts facts() const { return {.items = items, .bytes = 1'000'000'000, .longest_seconds = wait, .cpus = cpus}; }
  Advice advice() const { return advise(single(), sweeps(), facts()); }
  std::string text() const { return advice_text(advice(), single(), sweeps(), facts()); }
};

TEST(Advice, WorkThatWaitsGetsALoopWithAllOfItAtOnce) {
  const Advice advice = Work{.items = 160, .compute = 0.0001}.advice();
  EXPECT_EQ(advice.nature, Nature::waits);
  EXPECT_EQ(advice.model, Model::loop);
  EXPECT_EQ(advice.at_once, 160U);
  EXPECT_EQ(advice.limit, Limit::latency);
  EXPECT_TRUE(advice.is_clear);
}

TEST(Advice, WorkThatComputesGetsAsManyThreadsAsThereAreCpus) {
  const Advice advice = Work{.items = 20, .wait = 0, .compute = 0.2}.advice();
  EXPECT_EQ(advice.nature, Nature::computes);
  EXPECT_EQ(advice.model, Model::threads);
  EXPECT_EQ(advice.at_once, 4U);
  EXPECT_EQ(advice.limit, Limit::cpu);
  EXPECT_NEAR(advice.gain, 4, 0.01);
}

TEST(Advice, MixedWorkGetsThreadsUpToWhereTheCpusAreBusy) {
  const Work work{.items = 400, .wait = 0.03, .compute = 0.02};
  const Advice advice = work.advice();
  EXPECT_EQ(advice.nature, Nature::mixed);
  EXPECT_EQ(advice.model, Model::threads);
  EXPECT_EQ(advice.at_once, 16U);
  EXPECT_EQ(advice.limit, Limit::cpu);
  EXPECT_THAT(work.text(), HasSubstr("Mixed: one after the other, 40.0 % of the time is spent computing"));
}

TEST(Advice, KneeIsWhereServersTakeNoMore) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 64};
  EXPECT_EQ(work.advice().at_once, 64U);
  EXPECT_EQ(work.advice().model, Model::loop);
  EXPECT_EQ(work.advice().limit, Limit::bandwidth);
  EXPECT_THAT(work.text(), HasSubstr("Use --model loop -j 64: "));
}

TEST(Advice, BandwidthIsNotBlamedForAFewBytes) {
  const Work work{.items = 40, .compute = 0.00001, .bound = 4};
  WorkFacts facts = work.facts();
  facts.bytes = 40 * 140;
  auto sweeps = work.sweeps();
  EXPECT_THAT(advice_text(advise(work.single(), sweeps, facts), work.single(), sweeps, facts),
              HasSubstr("the servers limit it, they answer no more than 4 at a time, or what else runs"));
  for (auto& sweep : sweeps) {
    for (Probe& probe : sweep) probe.machine_busy = 0.1;
  }
  const Advice advice = advise(work.single(), sweeps, facts);
  EXPECT_EQ(advice.limit, Limit::servers);
  EXPECT_THAT(advice_text(advice, work.single(), sweeps, facts),
              HasSubstr("no CPU is busy: the servers limit it, they answer no more than 4 at a time."));
}

TEST(Advice, TwiceAsManyAreSpokenOfOnlyWhereTheyWereTried) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 64};
  EXPECT_THAT(work.text(), HasSubstr("Twice as many at once gain nothing."));
  const auto run = [&work](std::size_t n) { return probe_of(Model::loop, n, work.seconds(n, 1), 0.1); };
  const std::vector<std::vector<Probe>> sweeps{sweep_of(Model::loop, 96, run)};
  const std::string text =
      advice_text(advise(work.single(), sweeps, work.facts()), work.single(), sweeps, work.facts());
  EXPECT_THAT(text, HasSubstr("96 at once gain nothing."));
  EXPECT_THAT(text, Not(HasSubstr("Twice")));
}

TEST(Advice, AllOfTheWorkAtOnceIsSaidToBeAllOfIt) {
  const std::string text = Work{.items = 160, .compute = 0.0001}.text();
  EXPECT_THAT(text, HasSubstr("as fast as one after the other. That is all of it at once.\n"));
  EXPECT_THAT(text, Not(HasSubstr("Twice")));
}

TEST(Advice, WhereTheSweepEndedWhileMoreStillGainedMoreIsNotSaidToGainNothing) {
  const Work work{.items = 100'000};
  const auto run = [&work](std::size_t n) { return probe_of(Model::threads, n, work.seconds(n, n), 0.1); };
  const std::vector<std::vector<Probe>> sweeps{sweep_of(Model::threads, 256, run)};
  const Advice advice = advise(work.single(), sweeps, work.facts());
  EXPECT_EQ(advice.limit, Limit::untried);
  const std::string text = advice_text(advice, work.single(), sweeps, work.facts());
  EXPECT_THAT(text, HasSubstr("More may gain more: no more than 256 at once were tried."));
  EXPECT_THAT(text, Not(HasSubstr("gain nothing")));
}

TEST(Advice, LimitOfTheHostsIsNamed) {
  const Work work{.items = 4000};
  WorkFacts facts = work.facts();
  facts.host_limit = 12;
  const auto run = [&work](std::size_t n) { return probe_of(Model::loop, n, work.seconds(n, 1), 0.1); };
  const std::vector<std::vector<Probe>> sweeps{sweep_of(Model::loop, 12, run)};
  const Advice advice = advise(work.single(), sweeps, facts);
  EXPECT_EQ(advice.limit, Limit::host);
  EXPECT_EQ(advice.at_once, 12U);
  const std::string text = advice_text(advice, work.single(), sweeps, facts);
  EXPECT_THAT(text, HasSubstr("no more than 12 may be asked of them"));
  EXPECT_THAT(text, Not(HasSubstr("Twice")));
}

TEST(Advice, RefusalsOfTheHostsAreNamed) {
  const Work work{.items = 4000};
  WorkFacts facts = work.facts();
  facts.host_limit = 6;
  facts.accepted = 3;
  const auto run = [&work](std::size_t n) { return probe_of(Model::loop, n, work.seconds(n, 1), 0.1); };
  const std::vector<std::vector<Probe>> sweeps{sweep_of(Model::loop, 3, run)};
  const Advice advice = advise(work.single(), sweeps, facts);
  EXPECT_EQ(advice.at_once, 3U);
  EXPECT_THAT(advice_text(advice, work.single(), sweeps, facts),
              HasSubstr("as fast as one after the other.\nThe hosts refuse more than 3 at once.\n"));
}

TEST(Advice, HostsThatRefuseAnythingMoreAreNamedBesideInline) {
  const Probe single = probe_of(Model::inline_, 1, 1, 0.1);
  const WorkFacts facts{.items = 100, .accepted = 1};
  EXPECT_THAT(advice_text(advise(single, {}, facts), single, {}, facts),
              HasSubstr("Use inline.\nThe hosts refuse more than 1 at once.\n"));
}

TEST(Advice, ItemsLeftOutAreCounted) {
  EXPECT_EQ(left_out_sentence({}), "");
  EXPECT_EQ(left_out_sentence({.items = 1, .of = 21, .example = "http://a/: status 404"}),
            "1 of 21 items fails: left out (http://a/: status 404)");
  EXPECT_EQ(left_out_sentence({.items = 2, .of = 21, .example = "x"}), "2 of 21 items fail: left out (x)");
}

TEST(Advice, LoopWhoseThreadIsBusyIsSaidToBeLimitedByIt) {
  const Work work{.items = 1000, .wait = 0.05, .compute = 0.001};
  const auto run = [&work](std::size_t n) { return probe_of(Model::loop, n, work.seconds(n, 1), work.cpu()); };
  const Advice advice = advise(work.single(), {sweep_of(Model::loop, 1000, run)}, work.facts());
  EXPECT_EQ(advice.limit, Limit::loop);
}

TEST(Advice, TasksThatOnlyWaitForEachOtherAreNotSaidToWaitForTheNetwork) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 8};
  WorkFacts facts = work.facts();
  facts.bytes = 0;
  EXPECT_EQ(advise(work.single(), work.sweeps(), facts).limit, Limit::themselves);
}

TEST(Advice, ServersThatShareTheCpusAreTold) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 64};
  auto sweeps = work.sweeps();
  for (auto& sweep : sweeps) {
    for (Probe& probe : sweep) probe.machine_busy = 0.95;
  }
  const Advice advice = advise(work.single(), sweeps, work.facts());
  EXPECT_EQ(advice.limit, Limit::others);
  EXPECT_THAT(advice_text(advice, work.single(), sweeps, work.facts()), HasSubstr("in part with what others do"));
}

TEST(Advice, RunsTooShortToSeeTheMachineClaimNothingOfItsCpus) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 64};
  EXPECT_THAT(work.text(), HasSubstr("(bandwidth), or what else runs on this machine"));
  auto sweeps = work.sweeps();
  for (auto& sweep : sweeps) {
    for (Probe& probe : sweep) probe.machine_busy = 0.1;
  }
  const Advice advice = advise(work.single(), sweeps, work.facts());
  EXPECT_THAT(advice_text(advice, work.single(), sweeps, work.facts()), HasSubstr("and no CPU is busy"));
}

TEST(Advice, WorkThatUsesTheCpusItselfIsNotBlamedOnOthers) {
  const Work work{.items = 4000, .compute = 0.00001, .bound = 64};
  auto sweeps = work.sweeps();
  for (auto& sweep : sweeps) {
    for (Probe& probe : sweep) {
      probe.machine_busy = 0.85;
      probe.cpus_busy = 0.79;
    }
  }
  EXPECT_EQ(advise(work.single(), sweeps, work.facts()).limit, Limit::bandwidth);
}

TEST(Advice, WhereNothingGainsInlineStays) {
  const Work work{.items = 100, .bound = 1};
  EXPECT_EQ(work.advice().model, Model::inline_);
  EXPECT_THAT(work.text(), HasSubstr("Use inline: no model is faster"));
}

TEST(Advice, OfInlineAloneDoesNotSayThatNothingIsFaster) {
  const Probe single = probe_of(Model::inline_, 1, 1, 0.1);
  const WorkFacts facts{.items = 100};
  const std::string text = advice_text(advise(single, {}, facts), single, {}, facts);
  EXPECT_THAT(text, HasSubstr("Nothing but inline was tried"));
  EXPECT_THAT(text, Not(HasSubstr("no model is faster")));
}

TEST(Advice, OfWorkThatIsTooShortThereIsNone) {
  const Probe single = probe_of(Model::inline_, 1, 0.007, 0.002);
  const std::vector<std::vector<Probe>> sweeps{{probe_of(Model::loop, 2, 0.004, 0.002)}};
  const WorkFacts facts{.items = 2};
  const std::string text = advice_text(advise(single, sweeps, facts), single, sweeps, facts);
  EXPECT_THAT(text, HasSubstr("Too short to tell: under 20 ms one after the other"));
  EXPECT_THAT(text, Not(HasSubstr("Mixed")));
  EXPECT_THAT(text, Not(HasSubstr("Use ")));
}

TEST(Advice, OneSlowRunIsNoDoubtAboutAGainFarBeyondIt) {
  const Probe single = probe_of(Model::inline_, 1, 1.8, 0.1);
  Probe loop = probe_of(Model::loop, 64, 0.04, 0.03);
  loop.seconds.back() = 0.2;
  const std::vector<std::vector<Probe>> sweeps{{loop}};
  const Advice advice = advise(single, sweeps, {.items = 160, .cpus = 2});
  EXPECT_EQ(advice.model, Model::loop);
  EXPECT_TRUE(advice.is_clear);
}

// Figures of a machine whose CPUs became faster between two runs.
TEST(Advice, LoopIsNotSaidToBeFasterThanItsThreadComputes) {
  const Probe single = probe_of(Model::inline_, 1, 0.191, 0.189);
  const std::vector<std::vector<Probe>> sweeps{{probe_of(Model::loop, 4, 0.173, 0.173)}};
  EXPECT_EQ(advise(single, sweeps, {.items = 20, .cpus = 2}).model, Model::inline_);
}

TEST(Advice, LoopIsSaidToBeFasterByWhatItsThreadWaited) {
  const Probe single = probe_of(Model::inline_, 1, 1, 0.85);
  const std::vector<std::vector<Probe>> sweeps{{probe_of(Model::loop, 4, 0.86, 0.85)}};
  EXPECT_EQ(advise(single, sweeps, {.items = 20, .cpus = 2}).model, Model::loop);
}

TEST(Advice, TooMuchNoiseIsSaid) {
  const Probe single = probe_of(Model::inline_, 1, 1, 0.1, 1.2);
  const std::vector<std::vector<Probe>> sweeps{{probe_of(Model::loop, 2, 0.7, 0.1, 1.2)}};
  const Advice advice = advise(single, sweeps, {.items = 100, .cpus = 4});
  EXPECT_FALSE(advice.is_clear);
  EXPECT_THAT(advice_text(advice, single, sweeps, {}),
              HasSubstr("Too noisy to tell: runs of the same kind lie 120 % apart"));
}

TEST(Advice, WaitForACpuIsNoWaitingOfTheWork) {
  Probe single = probe_of(Model::inline_, 1, 4, 1.9);
  single.stalled_seconds = 2;  // somebody else had the CPU
  const Advice advice = advise(single, {}, {});
  EXPECT_EQ(advice.nature, Nature::computes);
  EXPECT_TRUE(advice.is_crowded);
  EXPECT_THAT(advice_text(advice, single, {}, {}), HasSubstr("Too noisy to tell: others had the CPUs"));
}

TEST(Sweep, StopsAfterTwoStepsWithoutAGain) {
  std::vector<Probe> sweep{probe_of(Model::loop, 2, 4, 1), probe_of(Model::loop, 4, 2, 1)};
  EXPECT_FALSE(is_exhausted(sweep));
  sweep.push_back(probe_of(Model::loop, 8, 1.99, 1));
  EXPECT_FALSE(is_exhausted(sweep));
  sweep.push_back(probe_of(Model::loop, 16, 1.98, 1));
  EXPECT_TRUE(is_exhausted(sweep));
  EXPECT_EQ(knee_of(sweep).at_once, 4U);
}

TEST(Sweep, GoesOnOverOneStepWithoutAGain) {
  const std::vector<Probe> sweep{probe_of(Model::loop, 2, 4, 1), probe_of(Model::loop, 4, 4, 1),
                                 probe_of(Model::loop, 8, 2, 1)};
  EXPECT_FALSE(is_exhausted(sweep));
  EXPECT_EQ(knee_of(sweep).at_once, 8U);
}

}  // namespace
}  // namespace overlap::compare
