#pragma once
/// The executors that the conformance suite runs on, and what its tests share.
///
/// Every test goes through Executor&. The name of its suite says which executors it runs on: InProcess... makes calls
/// that could not cross to another process, Background... needs a submit() that returns before the task has ended,
/// Every... runs on all. conformance_concrete_test.cpp repeats the outlines through the concrete types.

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <overlap/core/executor.hpp>

#include "support/gate.hpp"

namespace overlap::test {

struct Model {
  const char* name;
  std::unique_ptr<Executor> (*make)();
  std::size_t workers;  ///< plain functions that run at the same time

  friend std::ostream& operator<<(std::ostream& out, const Model& model) { return out << model.name; }
};

// Defined in conformance_concrete_test.cpp, so that the other files need not compile what the executors are made of.
std::unique_ptr<Executor> make_inline();
std::unique_ptr<Executor> make_thread_pool();
std::unique_ptr<Executor> make_event_loop();

inline constexpr Model kInline{"Inline", &make_inline, 1};
inline constexpr Model kThreadPool{"ThreadPool", &make_thread_pool, 2};
inline constexpr Model kEventLoop{"EventLoop", &make_event_loop, 1};

inline std::string model_name(const ::testing::TestParamInfo<Model>& info) { return info.param.name; }

class ExecutorTest : public ::testing::TestWithParam<Model> {
 protected:
  Executor& executor() { return *executor_; }
  /// Runs the executor's destructor; further tasks are for the test's own executors.
  void destroy_executor() { executor_.reset(); }

  /// Has every worker wait at the gate, so that what is submitted next stays pending until it opens.
  std::vector<Future<void>> occupy(Gate& gate) {
    std::vector<Future<void>> futures;
    for (std::size_t i = 0; i < GetParam().workers; ++i) {
      futures.push_back(executor().submit([pass = gate.pass()] { pass.wait(); }));
    }
    gate.wait_for_arrivals(GetParam().workers);
    return futures;
  }

 private:
  std::unique_ptr<Executor> executor_ = GetParam().make();
};

/// Runs the tests of a suite, a class derived from ExecutorTest, on these executors.
#define OVERLAP_CONFORMANCE(suite, ...) \
  INSTANTIATE_TEST_SUITE_P(Conformance, suite, ::testing::Values(__VA_ARGS__), ::overlap::test::model_name)

}  // namespace overlap::test
