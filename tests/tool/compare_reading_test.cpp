// What is said of figures, in words.
#include "compare/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace overlap::compare {
namespace {

using cli::Model;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Summaries with nothing but what the reading looks at.
class Figures {
 public:
  explicit Figures(std::string_view workload = "pages") {
    options_.workload = find_workload(workload);
    options_.workers = 5;
  }

  ModelSummary& add(Model model, double seconds, double cpu_seconds, double spread = 0.01) {
    ModelSummary summary;
    summary.model = model;
    summary.runs = 3;
    summary.workers = model == Model::threads || model == Model::processes ? 5 : 1;
    summary.seconds = {seconds, seconds * (1 - spread), seconds * (1 + spread)};
    summary.cpu_seconds = cpu_seconds;
    if (!summaries_.empty()) summary.speedup = summaries_.front().seconds.median / seconds;
    summaries_.push_back(summary);
    return summaries_.back();
  }
  std::vector<std::string> reading() const { return reading_of(findings()); }
  Findings findings() const { return {options_, result_, summaries_, machine}; }

  Machine machine{.cpus = 4, .model = "Some CPU", .load = 0};

 private:
  CompareOptions options_;
  ComparisonResult result_;
  std::vector<ModelSummary> summaries_;
};

TEST(Reading, WorkThatWaitsIsIoBound) {
  Figures figures;
  figures.add(Model::inline_, 8, 0.24);
  EXPECT_THAT(figures.reading().front(), HasSubstr("I/O-bound: 97 % of the time was spent waiting, 3 % computing"));
}

TEST(Reading, WorkThatComputesIsCpuBound) {
  Figures figures;
  figures.add(Model::inline_, 8, 7.92);
  EXPECT_THAT(figures.reading().front(), HasSubstr("CPU-bound: 99 % of the time was spent computing"));
}

TEST(Reading, WorkThatDoesBothIsMixed) {
  Figures figures;
  figures.add(Model::inline_, 8, 4);
  EXPECT_THAT(figures.reading().front(), HasSubstr("Mixed: 50 % of the time was spent computing and 50 % waiting"));
}

TEST(Reading, OfRunsThatAreTooShortSaysNoMoreThanThat) {
  for (const double cpu_seconds : {0.0002, 0.003, 0.0099}) {
    Figures figures;
    ModelSummary& single = figures.add(Model::inline_, 0.01, cpu_seconds);
    single.ideal_seconds = single.efficiency = 0.01;
    EXPECT_THAT(figures.reading(), ElementsAre(HasSubstr("Too short to tell whether it waits or computes")));
  }
}

TEST(Reading, RunsThatABusyMachineMadeLongAreTooShortAllTheSame) {
  Figures figures;
  figures.add(Model::inline_, 0.021, 0.009, 0.4);
  EXPECT_THAT(figures.reading().front(), HasSubstr("Too short to tell"));
}

TEST(Reading, WithoutInlineTheTimeOfAllWorkersCounts) {
  Figures figures;
  figures.add(Model::threads, 2, 8);  // 5 workers on 4 CPUs, busy all the time
  EXPECT_DOUBLE_EQ(cpu_share(figures.findings()).value(), 1);
}

TEST(Reading, FastestIsNamedWithItsGain) {
  Figures figures;
  figures.add(Model::inline_, 8, 0.1);
  figures.add(Model::loop, 0.1, 0.05);
  EXPECT_THAT(figures.reading(), Contains("Fastest: loop, 0.100 seconds, 80.0 times as fast as one after the other."));
}

TEST(Reading, ModelsWhoseRunsOverlapAreAlike) {
  Figures figures;
  figures.add(Model::inline_, 8, 0.1);
  figures.add(Model::threads, 2, 0.1, 0.1);
  figures.add(Model::processes, 2.1, 0.1, 0.1);
  EXPECT_THAT(figures.reading(),
              Contains(HasSubstr("alike within the spread of the runs: threads and processes, 2.00")));
}

TEST(Reading, NoModelWinsWhereAllAreAlike) {
  Figures figures;
  figures.add(Model::inline_, 8, 8, 0.1);
  figures.add(Model::loop, 8.1, 8, 0.1);
  EXPECT_THAT(figures.reading(), Contains(HasSubstr("No model is faster than the others beyond the spread")));
}

TEST(Reading, CpuThatIsBusyAllTheTimeIsTheLimit) {
  Figures figures;
  figures.add(Model::inline_, 8, 2);
  ModelSummary& loop = figures.add(Model::loop, 1, 0.95);
  loop.ideal_seconds = 0.5;
  loop.efficiency = 0.5;
  EXPECT_THAT(figures.reading(),
              Contains("The fastest, loop, reached 50 % of the ideal, 0.500 seconds; the CPU limits it, "
                       "busy for 95 % of the time."));
}

TEST(Reading, WaitsThatWereShorterThanOneAfterTheOtherAreSaid) {
  Figures figures(kListWorkload);
  figures.add(Model::inline_, 8, 0.2);
  figures.add(Model::loop, 0.1, 0.02).beats_ideal = true;
  EXPECT_THAT(figures.reading(), Contains("No ideal is known for loop: waits were shorter in its runs than one after "
                                          "the other."));
  EXPECT_THAT(figures.reading(), Not(Contains(HasSubstr("would help"))));
  figures.add(Model::threads, 0.2, 0.02).beats_ideal = true;
  EXPECT_THAT(figures.reading(), Contains(HasSubstr("for loop and threads: waits were shorter in their runs")));
}

TEST(Reading, WhereWaitsAreKnownItIsComputingThatTookLess) {
  Figures figures("cpu");
  figures.add(Model::inline_, 8, 8);
  figures.add(Model::threads, 1.5, 6).beats_ideal = true;
  EXPECT_THAT(figures.reading(), Contains(HasSubstr("for threads: computing took less time in its runs than one")));
}

TEST(Reading, FailedModelsAreNamedAndNotCompared) {
  Figures figures;
  figures.add(Model::inline_, 8, 0.1);
  figures.add(Model::loop, 0.1, 0.1).failed_items = 1;
  EXPECT_THAT(figures.reading(), Contains("Not compared, since items or whole runs failed: loop."));
  EXPECT_THAT(figures.reading(), Not(Contains(HasSubstr("Fastest: loop"))));
}

TEST(Reading, OfNothingIsEmpty) { EXPECT_THAT(Figures().reading(), IsEmpty()); }

}  // namespace
}  // namespace overlap::compare
