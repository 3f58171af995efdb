// The workloads themselves, under every model, within this process.
#include "compare/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "compare/process_tree.hpp"
#include "compare/run_one.hpp"
#include "compare/temporary_directory.hpp"
#include "compare/workloads/cpu.hpp"
#include "serve/origin.hpp"

namespace overlap::compare {
namespace {

using namespace std::chrono_literals;
using cli::Model;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

RunSpec spec_for(std::string_view workload, Model model) {
  RunSpec spec;
  spec.workload = workload;
  spec.model = model;
  spec.workers = 5;
  spec.max_concurrent = 64;
  spec.sleep_unit = 50ms;
  return spec;
}

class EveryModel : public testing::TestWithParam<Model> {};

std::string name_of_model(const testing::TestParamInfo<Model>& info) { return std::string(cli::to_string(info.param)); }

INSTANTIATE_TEST_SUITE_P(Workloads, EveryModel, testing::ValuesIn(cli::kModels), name_of_model);

TEST_P(EveryModel, PagesAreThoseThatTheOriginsHold) {
  const serve::BackgroundOrigin one, two;
  RunSpec spec = spec_for("pages", GetParam());
  spec.sites = {one.url(), two.url()};
  spec.prepare = true;
  const RunResult result = run_one(spec);
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.items, 160U);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_GT(result.bytes, 160U * 2048U);
  EXPECT_GT(result.cpu_seconds, 0);
  EXPECT_FALSE(result.digest.empty());
  EXPECT_EQ(result.digest, result.expected_digest);
}

TEST_P(EveryModel, AnswersOfTheApiHaveTheirIds) {
  const serve::BackgroundOrigin origin;
  RunSpec spec = spec_for("api", GetParam());
  spec.sites = {origin.url()};
  spec.prepare = true;
  const RunResult result = run_one(spec);
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.items, 1000U);
  EXPECT_EQ(result.digest, result.expected_digest);
}

TEST_P(EveryModel, SumsAreRight) {
  const RunResult result = run_one(spec_for("cpu", GetParam()));
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.items, 20U);
}

TEST_P(EveryModel, WaitsOverlapAndComeInTheirOrder) {
  const RunResult result = run_one(spec_for("sleep", GetParam()));
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_THAT(result.parts, SizeIs(4));
  EXPECT_THAT(result.parts[3].order, ElementsAre(0.5, 0.4, 0.3, 0.2, 0.1));
}

TEST_P(EveryModel, CountersThatAreProtectedLoseNothing) {
  const RunResult result = run_one(spec_for("race", GetParam()));
  EXPECT_THAT(result.problems, IsEmpty());
  ASSERT_THAT(result.parts, SizeIs(4));
  EXPECT_EQ(result.parts[3].got, result.parts[3].expected);
}

TEST(Workloads, UnprotectedCounterLosesUpdatesBetweenThreadsAndBetweenTasksOfALoop) {
  for (const Model model : {Model::threads, Model::loop}) {
    const RunPart unprotected = run_one(spec_for("race", model)).parts.at(0);
    EXPECT_LT(unprotected.got, unprotected.expected) << cli::to_string(model);
  }
}

TEST(Workloads, ImagesAreSavedWhole) {
  const serve::BackgroundOrigin origin;
  const TemporaryDirectory directory;
  RunSpec spec = spec_for("images", Model::loop);
  spec.sites = {origin.url()};
  spec.directory = directory.path();
  spec.prepare = true;
  const RunResult result = run_one(spec);
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.digest, result.expected_digest);
  EXPECT_TRUE(std::ifstream(directory.path() + "/photo1.jpg").good());
  EXPECT_FALSE(std::ifstream(directory.path() + "/photo1.jpg.part").good());
}

TEST(Workloads, FailuresAreCountedAndNamed) {
  const serve::BackgroundOrigin origin;
  const TemporaryDirectory directory;
  RunSpec spec = spec_for(kListWorkload, Model::threads);
  spec.list_file = directory.path() + "/list.txt";
  std::ofstream(spec.list_file) << origin.url("/a") << '\n' << origin.url("/status/503") << '\n';
  const RunResult result = run_one(spec);
  EXPECT_EQ(result.items, 2U);
  EXPECT_EQ(result.failed, 1U);
  EXPECT_THAT(result.failed_at, ElementsAre(1U));
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("/status/503: status 503")));
}

TEST(Workloads, EveryStatusFrom200To299IsASuccess) {
  const serve::BackgroundOrigin origin;
  const TemporaryDirectory directory;
  RunSpec spec = spec_for(kListWorkload, Model::loop);
  spec.list_file = directory.path() + "/list.txt";
  std::ofstream list(spec.list_file);
  for (const char* const path : {"/status/204", "/status/200", "/status/299"}) list << origin.url(path) << '\n';
  list << std::flush;
  const RunResult result = run_one(spec);
  EXPECT_EQ(result.items, 3U);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_THAT(result.problems, IsEmpty());
}

TEST_P(EveryModel, RefusalsAreToldFromOtherFailures) {
  const serve::BackgroundOrigin origin;
  const TemporaryDirectory directory;
  RunSpec spec = spec_for(kListWorkload, GetParam());
  spec.list_file = directory.path() + "/list.txt";
  std::ofstream list(spec.list_file);
  for (const char* const path : {"/status/404", "/status/429", "/status/503"}) list << origin.url(path) << '\n';
  list << "http://127.0.0.1:1/nobody-listens\n" << std::flush;
  const RunResult result = run_one(spec);
  EXPECT_EQ(result.failed, 4U);
  EXPECT_EQ(result.refused, 3U);
}

TEST(Workloads, AllWorkersAreThereBeforeTheClockStarts) {
  EXPECT_EQ(run_one(spec_for("cpu", Model::inline_)).workers_ready, 0U);
  EXPECT_EQ(run_one(spec_for("cpu", Model::threads)).workers_ready, 5U);
  EXPECT_EQ(run_one(spec_for("cpu", Model::processes)).workers_ready, 5U);
}

TEST(Workloads, WorkerProcessesAreCounted) {
  const RunResult result = run_one(spec_for("cpu", Model::processes));
  EXPECT_EQ(result.processes, 1U + 1U + 5U);  // this one, the helper, the workers
  EXPECT_GT(result.cpu_seconds, 0.01);
}

TEST(Workloads, UnknownOneIsRefused) { EXPECT_THROW(run_one(spec_for("x", Model::loop)), std::invalid_argument); }

TEST(SumOfSquares, IsThatOfTheFormula) {
  EXPECT_EQ(sum_of_squares(0), WideSum{});
  EXPECT_EQ(sum_of_squares(1), WideSum{});
  EXPECT_EQ(sum_of_squares(5), (WideSum{0, 0 + 1 + 4 + 9 + 16}));
  EXPECT_EQ(sum_of_squares(1000), sum_of_squares_by_formula(1000));
  EXPECT_EQ(sum_of_squares(5'000'000), sum_of_squares_by_formula(5'000'000));
}

TEST(SumOfSquares, GoesBeyond64Bits) { EXPECT_EQ(sum_of_squares_by_formula(5'000'000).high, 2U); }

TEST(ProcessTree, CpuTimeOfThisProcessGrowsWithWork) {
  const Duration before = cpu_of_this_process();
  EXPECT_EQ(sum_of_squares(5'000'000), sum_of_squares_by_formula(5'000'000));
  EXPECT_GT(cpu_of_this_process(), before);
}

}  // namespace
}  // namespace overlap::compare
