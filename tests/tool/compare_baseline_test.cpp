// What an earlier comparison says beside a later one.
#include "compare/baseline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "page/findings.hpp"

namespace overlap::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Verdict = Change::Verdict;

/// Five runs of each model: inline from 8 s on, threads from 2 s on, each a hundredth more than the one before.
KnownFindings findings_of(double inline_seconds, double threads_seconds, int runs = 5) {
  KnownFindings findings;
  const auto set = [runs](ModelRuns& model, double seconds) {
    model.runs.clear();
    for (int i = 0; i < runs; ++i) model.runs.push_back(run_of(i + 1, seconds * (1 + 0.01 * i)));
  };
  set(findings.result.models[0], inline_seconds);
  set(findings.result.models[1], threads_seconds);
  return findings;
}

Baseline baseline_of(const KnownFindings& findings) {
  return parse_baseline(findings.with([](const Findings& all) { return report_json(all); })).value();
}

std::vector<Change> changes(const KnownFindings& before, const KnownFindings& now) {
  return now.with([&](const Findings& all) { return changes_since(baseline_of(before), all); });
}

TEST(Baseline, WhatIsBeyondNoiseIsFasterOrSlower) {
  const auto found = changes(findings_of(8, 2), findings_of(7, 2.5));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].verdict, Verdict::faster);
  EXPECT_DOUBLE_EQ(found[0].before, 8.16);
  EXPECT_DOUBLE_EQ(found[0].now, 7.14);
  EXPECT_EQ(found[1].verdict, Verdict::slower);
  EXPECT_NEAR(found[1].chance, 2.0 / 252, 1e-9);
}

TEST(Baseline, WhatIsWithinNoiseIsAlike) {
  const auto found = changes(findings_of(8, 2), findings_of(8.05, 2.01));
  EXPECT_EQ(found[0].verdict, Verdict::alike);
  EXPECT_EQ(found[1].verdict, Verdict::alike);
}

TEST(Baseline, ThreeRunsTellNothing) {
  EXPECT_EQ(changes(findings_of(8, 2, 3), findings_of(1, 1, 3))[0].verdict, Verdict::too_few);
}

TEST(Baseline, ModelsThatOneOfThemLacksAreLeftOut) {
  KnownFindings before = findings_of(8, 2);
  before.result.models.erase(before.result.models.begin());
  const auto found = changes(before, findings_of(8, 2));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].model, "threads");
}

TEST(Baseline, OtherOptionsAndMachinesAreDoubts) {
  const KnownFindings before = findings_of(8, 2);
  KnownFindings now = findings_of(8, 2);
  const auto doubts = [&] {
    return now.with([&](const Findings& all) { return doubts_about(baseline_of(before), all); });
  };
  EXPECT_THAT(doubts(), IsEmpty());
  now.options.repeat = 10;  // how often is no matter
  EXPECT_THAT(doubts(), IsEmpty());
  now.options.workers = 50;
  now.machine.cpus = 64;
  EXPECT_THAT(doubts(), ElementsAre(HasSubstr("the options were"), HasSubstr("the machine was Some CPU, 2 CPUs")));
}

TEST(Baseline, OtherListsAndNumbersOfItemsAreDoubts) {
  KnownFindings before = findings_of(8, 2);
  before.options.list_file = "thirty.txt";
  KnownFindings now = findings_of(8, 2);
  now.options.list_file = "./thirty.txt";
  const auto doubts = [&] {
    return now.with([&](const Findings& all) { return doubts_about(baseline_of(before), all); });
  };
  EXPECT_THAT(doubts(), IsEmpty());
  now.options.list_file = "ten.txt";
  for (ModelRuns& model : now.result.models) {
    for (MeasuredRun& run : model.runs) run.result.items = 10;
  }
  EXPECT_THAT(doubts(), ElementsAre("the list was thirty.txt", "it had 160 items, and this has 10"));
}

TEST(Baseline, DoubtsAreSaidBeforeTheVerdicts) {
  KnownFindings now = findings_of(7, 2);
  now.options.workers = 50;
  const std::string text =
      now.with([](const Findings& all) { return baseline_text(baseline_of(findings_of(8, 2)), all); });
  EXPECT_LT(text.find("note: this and the baseline are not alike"), text.find("against the baseline:\n  inline: "));
}

TEST(Baseline, TextSaysItInWords) {
  const std::string text = findings_of(7, 2.001).with(
      [](const Findings& all) { return baseline_text(baseline_of(findings_of(8, 2)), all); });
  EXPECT_THAT(text, HasSubstr("inline: 7.14 s, was 8.16 s: faster, 12.5 % less time"));
  EXPECT_THAT(text, HasSubstr("threads: 2.04 s, was 2.04 s: no difference beyond noise (+0.0 %)"));
}

TEST(Baseline, TextThatIsNoComparisonIsAnError) {
  EXPECT_EQ(parse_baseline("{}").error(), "it is not what compare --json has written: it has no 'workload'");
  EXPECT_EQ(parse_baseline("{").error(), "it is not what compare --json has written: incomplete JSON");
  EXPECT_EQ(parse_baseline("[1]").error(), "it is not what compare --json has written: it has no 'workload'");
  EXPECT_EQ(parse_baseline("{\"workload\":7}").error(), "it is not what compare --json has written: not a string");
  EXPECT_THAT(read_baseline("/no/such/file").error(), HasSubstr("cannot read /no/such/file"));
}

}  // namespace
}  // namespace overlap::compare
