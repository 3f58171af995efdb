// From single runs to what is shown of them.
#include "compare/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace overlap::compare {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

MeasuredRun run_of(int round, double seconds, std::string digest = "d") {
  MeasuredRun run;
  run.round = round;
  run.result.items = 160;
  run.result.seconds = seconds;
  run.result.cpu_seconds = 0.08;
  run.result.start_seconds = 0.002;
  run.result.processes = 1;
  run.result.digest = std::move(digest);
  run.process.peak_memory = 15 << 20;
  return run;
}

/// Inline 8 s, threads 2 s, with 5 workers.
struct Fixture {
  CompareOptions options;
  ComparisonResult result;
  Machine machine{.cpus = 2, .model = "Some CPU", .load = 0};

  Fixture() {
    options.workload = find_workload("pages");
    options.models = {cli::Model::inline_, cli::Model::threads};
    options.workers = 5;
    options.max_concurrent = 160;
    options.repeat = 3;
    options.warmup = 1;
    options.latency = 50ms;
    result.models = {{.model = cli::Model::inline_,
                      .runs = {run_of(0, 100), run_of(1, 8.1), run_of(2, 8), run_of(3, 7.9)},
                      .failure = {}},
                     {.model = cli::Model::threads,
                      .runs = {run_of(0, 100), run_of(1, 2), run_of(2, 1.9), run_of(3, 2.5)},
                      .failure = {}}};
  }

  std::vector<ModelSummary> summaries() const { return summarise(options, result, machine.cpus); }
  std::string text() const {
    const auto all = summaries();
    return report_text({options, result, all, machine});
  }
  boost::json::value json() const {
    const auto all = summaries();
    return boost::json::parse(report_json({options, result, all, machine}));
  }
};

TEST(CompareSummary, WarmUpRunsDoNotCount) {
  const auto summaries = Fixture().summaries();
  EXPECT_EQ(summaries[0].runs, 3U);
  EXPECT_DOUBLE_EQ(summaries[0].seconds.median, 8);
  EXPECT_DOUBLE_EQ(summaries[0].seconds.max, 8.1);
}

TEST(CompareSummary, FiguresFollowFromTheMedian) {
  const ModelSummary threads = Fixture().summaries()[1];
  EXPECT_DOUBLE_EQ(threads.items_per_second, 80);
  EXPECT_DOUBLE_EQ(threads.speedup.value(), 4);
  EXPECT_DOUBLE_EQ(threads.ideal_seconds.value(), 1.6);
  EXPECT_DOUBLE_EQ(threads.efficiency.value(), 0.8);
  EXPECT_DOUBLE_EQ(threads.cpu_us_per_item, 500);
  EXPECT_EQ(threads.peak_memory, 15U << 20);
}

TEST(CompareSummary, WithoutInlineThereIsNoSpeedUp) {
  Fixture fixture;
  fixture.result.models.erase(fixture.result.models.begin());
  const auto summaries = fixture.summaries();
  EXPECT_FALSE(summaries[0].speedup);
  EXPECT_TRUE(summaries[0].efficiency);
}

TEST(CompareSummary, ModelWithFailedItemsIsNotCompared) {
  Fixture fixture;
  fixture.result.models[0].runs[1].result.failed = 1;
  const auto summaries = fixture.summaries();
  EXPECT_EQ(summaries[0].failed_items, 1U);
  EXPECT_FALSE(summaries[0].efficiency);
  EXPECT_FALSE(summaries[1].speedup);
}

TEST(CompareSummary, ModelWithoutARunHasNoFigures) {
  Fixture fixture;
  fixture.result.models[1].runs.clear();
  fixture.result.models[1].failure = "it died";
  EXPECT_EQ(fixture.summaries()[1].runs, 0U);
  EXPECT_THAT(fixture.text(), HasSubstr("failed"));
}

TEST(CompareSummary, IdealOfAListFollowsFromTheInlineRuns) {
  Fixture fixture;
  fixture.options.workload = find_workload(kListWorkload);
  fixture.options.list_file = "no-such-list";
  for (MeasuredRun& run : fixture.result.models[0].runs) {
    run.result.waited_seconds = 7.5;
    run.result.longest_seconds = 0.1;
  }
  EXPECT_DOUBLE_EQ(fixture.summaries()[1].ideal_seconds.value(), 1.5);
  fixture.result.models.erase(fixture.result.models.begin());
  EXPECT_FALSE(fixture.summaries()[0].ideal_seconds);
}

TEST(CompareSummary, WhatIsFasterThanItsIdealHasNone) {
  Fixture fixture;
  fixture.options.workload = find_workload(kListWorkload);
  for (MeasuredRun& run : fixture.result.models[0].runs) run.result.waited_seconds = 50;  // ideal of threads: 10 s
  const ModelSummary threads = fixture.summaries()[1];
  EXPECT_TRUE(threads.beats_ideal);
  EXPECT_FALSE(threads.ideal_seconds);
  EXPECT_FALSE(threads.efficiency);
  EXPECT_TRUE(fixture.json().at("models").at(1).at("ideal_seconds").is_null());
  EXPECT_TRUE(threads.speedup);
}

TEST(CompareSummary, LittleMoreThanTheIdealIsNoise) {
  Fixture fixture;
  fixture.options.workload = find_workload(kListWorkload);
  for (MeasuredRun& run : fixture.result.models[0].runs) run.result.waited_seconds = 10.5;  // 2.1 s
  EXPECT_DOUBLE_EQ(fixture.summaries()[1].efficiency.value(), 1.05);
}

TEST(CompareCheck, RunsWithTheSameDigestAreFine) {
  Fixture fixture;
  check_results(*fixture.options.workload, fixture.result);
  EXPECT_THAT(fixture.result.complaints, IsEmpty());
}

TEST(CompareCheck, AnotherDigestIsAComplaintThatNamesTheRun) {
  Fixture fixture;
  fixture.result.models[1].runs[2].result.digest = "other";
  check_results(*fixture.options.workload, fixture.result);
  EXPECT_THAT(fixture.result.complaints, ElementsAre(HasSubstr("threads, run 2: the results are not those")));
}

TEST(CompareCheck, TheExpectedDigestGoesBeforeThatOfTheRuns) {
  Fixture fixture;
  fixture.result.expected_digest = "what the origin holds";
  check_results(*fixture.options.workload, fixture.result);
  EXPECT_EQ(fixture.result.complaints.size(), 8U);
}

TEST(CompareCheck, OthersMayChangeWhatTheyServe) {
  Fixture fixture;
  fixture.result.models[1].runs[2].result.digest = "other";
  check_results(*find_workload(kListWorkload), fixture.result);
  EXPECT_THAT(fixture.result.complaints, IsEmpty());
  EXPECT_TRUE(fixture.result.results_differ);
}

TEST(CompareCheck, DeathOfARunIsAComplaint) {
  Fixture fixture;
  fixture.result.models[1].failure = "its process was killed by signal 11 (Segmentation fault)";
  check_results(*fixture.options.workload, fixture.result);
  EXPECT_THAT(fixture.result.complaints,
              ElementsAre("threads: its process was killed by signal 11 (Segmentation fault)"));
}

TEST(CompareCheck, ManyComplaintsAreCutShort) {
  Fixture fixture;
  for (ModelRuns& model : fixture.result.models) {
    for (MeasuredRun& run : model.runs) run.result.problems = {"one", "two"};
  }
  check_results(*fixture.options.workload, fixture.result);
  EXPECT_EQ(fixture.result.complaints.size(), 11U);
  EXPECT_EQ(fixture.result.complaints.back(), "and 6 more");
}

TEST(CompareReport, TableHasARowAModel) {
  EXPECT_EQ(Fixture().text(),
            "pages: 160 downloads: 2 sites x 80 pages, answered after 50ms\n"
            "5 workers; 3 runs of each model after 1 for warming up; 2 CPUs\n"
            "\n"
            "                                                                           CPU   CPU-us    peak\n"
            "model    workers  seconds    min - max  items/s  speed-up  efficiency  seconds  an item  memory\n"
            "inline         1     8.00  7.90 - 8.10     20.0     1.00x        1.00   0.0800      500     15M\n"
            "threads        5     2.00  1.90 - 2.50     80.0     4.00x        0.80   0.0800      500     15M\n"
            "\n"
            "efficiency is against the ideal: inline 8.00 s, threads 1.60 s\n"
            "start-up, not counted: threads 2.00 ms\n"
            "note: with 3 runs the median of all that could be lies within their range in 75 of 100 cases\n"
            "checked: every run got the same 160 bodies, those that the origins hold\n");
}

TEST(CompareReport, NothingIsSaidToBeRightWhenSomethingIsWrong) {
  Fixture fixture;
  fixture.result.complaints = {"threads, run 1: wrong"};
  EXPECT_THAT(fixture.text(), Not(HasSubstr("checked")));
}

TEST(CompareReport, BusyMachineIsMentioned) {
  Fixture fixture;
  fixture.machine.load = 6;
  EXPECT_THAT(fixture.text(), HasSubstr("the machine was busy when this began (load 6.0 on 2 CPUs)"));
}

TEST(CompareReport, OriginThatIsBusyAllTheTimeIsMentioned) {
  Fixture fixture;
  for (MeasuredRun& run : fixture.result.models[1].runs) {
    run.origins_cpu = 1.8;
    run.busiest_origin_cpu = 1.8;  // of 2 seconds
  }
  EXPECT_THAT(fixture.text(),
              HasSubstr("the built-in origin was busy all the time, so it may be what limits threads\n"));
  EXPECT_THAT(fixture.text(), Not(HasSubstr("left none of them free")));
  for (MeasuredRun& run : fixture.result.models[1].runs) run.result.cpu_seconds = 1.8;
  EXPECT_THAT(fixture.text(), HasSubstr("origin and work share the CPUs, and left none of them free under threads\n"));
}

TEST(CompareReport, ModelInWhichItemsFailedIsMarkedInTheTable) {
  Fixture fixture;
  fixture.result.models[1].runs[1].result.failed = 3;
  EXPECT_THAT(fixture.text(), testing::ContainsRegex("threads .* 3 failed  +- "));
}

TEST(CompareReport, BarsStandBelowTheTableWhereThereIsRoom) {
  const Fixture fixture;
  const auto all = fixture.summaries();
  EXPECT_THAT(report_text({fixture.options, fixture.result, all, fixture.machine}, {.width = 40}),
              HasSubstr("\n\ninline   ######################## 8.00 s\nthreads  ###### 2.00 s\n\n"));
}

TEST(CompareReport, PartsAreShownWithTheOrderOfTheirResults) {
  Fixture fixture;
  fixture.options.workload = find_workload("sleep");
  fixture.options.sleep_unit = 1s;
  for (ModelRuns& model : fixture.result.models) {
    for (MeasuredRun& run : model.runs) {
      run.result.parts = {{.name = "a", .seconds = 1, .order = {}}, {.name = "b", .seconds = 2, .order = {0.5, 1, 2}}};
    }
  }
  EXPECT_THAT(fixture.text(), HasSubstr("seconds of each part  inline  threads\n"
                                        "a                       1.00     1.00\n"
                                        "b                       2.00     2.00\n"
                                        "  came as             .5 1 2   .5 1 2\n"));
}

TEST(CompareReport, CountsAreShownByWayAndModel) {
  Fixture fixture;
  fixture.options.workload = find_workload("race");
  for (ModelRuns& model : fixture.result.models) {
    for (MeasuredRun& run : model.runs) {
      run.result.parts = {{.name = "unprotected", .seconds = 0.5, .order = {}, .expected = 100, .got = 40}};
    }
  }
  EXPECT_THAT(fixture.text(), HasSubstr("way to count  model    workers  expected  got  lost  seconds\n"
                                        "unprotected   inline         1       100   40    60    0.500\n"
                                        "              threads        5       100   40    60    0.500\n"));
}

TEST(CompareReport, JsonHoldsOptionsMachineFiguresAndEveryRun) {
  const auto json = Fixture().json();
  EXPECT_EQ(json.at("workload"), "pages");
  EXPECT_EQ(json.at("ok"), true);
  EXPECT_EQ(json.at("machine").at("cpus"), 2);
  EXPECT_EQ(json.at("machine").at("model"), "Some CPU");
  EXPECT_EQ(json.at("options").at("repeat"), 3);
  EXPECT_EQ(json.at("options").at("latency_seconds"), 0.05);
  const auto& threads = json.at("models").at(1);
  EXPECT_EQ(threads.at("model"), "threads");
  EXPECT_EQ(threads.at("seconds").at("median"), 2.0);
  EXPECT_EQ(threads.at("efficiency"), 0.8);
  EXPECT_EQ(threads.at("runs").as_array().size(), 4U);
  EXPECT_EQ(threads.at("runs").at(0).at("warmup"), true);
  EXPECT_EQ(threads.at("runs").at(2).at("seconds"), 1.9);
}

}  // namespace
}  // namespace overlap::compare
