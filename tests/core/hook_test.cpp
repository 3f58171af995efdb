#include <overlap/core/hook.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/hook_recorder.hpp"

namespace overlap {
namespace {

using detail::describe;
using detail::report_unhandled;
using testing::ElementsAre;

std::exception_ptr error(const char* what) { return std::make_exception_ptr(std::runtime_error(what)); }

TEST(UnhandledHook, DefaultWritesOneLineToStandardError) {
  testing::internal::CaptureStderr();
  report_unhandled("done callback", error("oh no"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "overlap: unhandled in done callback: oh no\n");
}

TEST(UnhandledHook, GetsWhereAndWhat) {
  const test::HookRecorder recorder;
  report_unhandled("initializer", error("a"));
  report_unhandled("done callback", std::make_exception_ptr(42));
  EXPECT_THAT(recorder.reports(), ElementsAre("initializer: a", "done callback: unknown exception"));
}

TEST(UnhandledHook, EmptyFunctionRestoresTheDefault) {
  set_unhandled_hook([](std::string_view, std::exception_ptr) { ADD_FAILURE() << "was replaced"; });
  set_unhandled_hook(nullptr);
  testing::internal::CaptureStderr();
  report_unhandled("here", error("x"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "overlap: unhandled in here: x\n");
}

TEST(UnhandledHook, WhatTheHookThrowsIsDropped) {
  set_unhandled_hook([](std::string_view, std::exception_ptr) { throw std::runtime_error("from the hook"); });
  report_unhandled("here", error("x"));
  set_unhandled_hook(nullptr);
}

TEST(UnhandledHook, MayReplaceItself) {
  int calls = 0;
  set_unhandled_hook([&calls](std::string_view, std::exception_ptr) {
    ++calls;
    set_unhandled_hook([&calls](std::string_view, std::exception_ptr) { calls += 10; });
  });
  report_unhandled("here", error("x"));
  report_unhandled("here", error("x"));
  set_unhandled_hook(nullptr);
  EXPECT_EQ(calls, 11);
}

TEST(UnhandledHook, IsDestroyedUnderNoLock) {
  struct ReportsWhenDestroyed {
    ~ReportsWhenDestroyed() { report_unhandled("destructor of a hook", error("x")); }
  };
  set_unhandled_hook([owned = std::make_shared<ReportsWhenDestroyed>()](std::string_view, std::exception_ptr) {});
  const test::HookRecorder recorder;  // replaces it
  EXPECT_THAT(recorder.reports(), ElementsAre("destructor of a hook: x"));
}

TEST(UnhandledHook, MayBeReplacedWhileItIsCalled) {
  set_unhandled_hook([](std::string_view, std::exception_ptr) {});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 500; ++j) report_unhandled("here", error("x"));
    });
  }
  for (int j = 0; j < 500; ++j) {
    const auto kept = std::make_shared<int>(j);
    set_unhandled_hook([kept, j](std::string_view, std::exception_ptr) { EXPECT_EQ(*kept, j); });
  }
  threads.clear();
  set_unhandled_hook(nullptr);
}

TEST(Describe, SaysWhatAnExceptionSays) {
  EXPECT_EQ(describe(error("what")), "what");
  EXPECT_EQ(describe(std::make_exception_ptr(1)), "unknown exception");
  EXPECT_EQ(describe(nullptr), "no exception");
}

TEST(Describe, KnowsNothingOfAnExceptionWhoseMessageIsNull) {
  struct Silent : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  EXPECT_EQ(describe(std::make_exception_ptr(Silent())), "an exception without a message");
  const test::HookRecorder recorder;
  report_unhandled("here", std::make_exception_ptr(Silent()));
  EXPECT_THAT(recorder.reports(), ElementsAre("here: an exception without a message"));
}

}  // namespace
}  // namespace overlap
