#include "get/failure_groups.hpp"

#include <gtest/gtest.h>

namespace overlap::get {
namespace {

using http::ErrorClass;

TEST(FailureGroups, WhatDiffersOnlyInNumbersIsOneGroup) {
  FailureGroups failures;
  failures.add(ErrorClass::truncated, true, "after 12 bytes of the body", "http://a/", 1);
  failures.add(ErrorClass::truncated, true, "after 7000 bytes of the body", "http://b/", 2);
  failures.add(ErrorClass::connect, true, "after 12 bytes of the body", "http://c/", 3);
  const auto groups = failures.largest(10);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].count, 2U);
  EXPECT_EQ(groups[0].message, "after 12 bytes of the body");
  EXPECT_EQ(groups[0].examples[1].url, "http://b/");
  EXPECT_EQ(groups[0].examples[1].line, 2U);
}

TEST(FailureGroups, HttpStatusesAreDifferentTroubles) {
  FailureGroups failures;
  failures.add(ErrorClass::http, true, "HTTP status 404", "http://a/", 1);
  failures.add(ErrorClass::http, true, "HTTP status 503", "http://b/", 2);
  EXPECT_EQ(failures.size(), 2U);
}

TEST(FailureGroups, TheLargestComeFirst) {
  FailureGroups failures;
  for (int i = 0; i < 3; ++i) failures.add(ErrorClass::http, true, "HTTP status 404", "http://a/", 1);
  for (int i = 0; i < 5; ++i) failures.add(ErrorClass::http, true, "HTTP status 503", "http://a/", 1);
  failures.add(ErrorClass::dns, true, "no such host", "http://a/", 1);
  const auto groups = failures.largest(2);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].message, "HTTP status 503");
  EXPECT_EQ(groups[1].message, "HTTP status 404");
}

TEST(FailureGroups, ExamplesAndGroupsAreBounded) {
  FailureGroups failures;
  for (int i = 0; i < 2000; ++i) {
    std::string message = "reason ";  // letters only: numbers would make them one
    for (int rest = i; rest > 0; rest /= 26) message += static_cast<char>('a' + rest % 26);
    for (int j = 0; j < 10; ++j) failures.add(ErrorClass::protocol, true, message, "http://a/", 1);
  }
  EXPECT_LE(failures.size(), 501U);
  std::uint64_t all = 0;
  for (const auto& group : failures.largest(1000)) {
    all += group.count;
    EXPECT_LE(group.examples.size(), 3U);
  }
  EXPECT_EQ(all, 20'000U);
  EXPECT_EQ(failures.largest(1)[0].message, "other reasons");
}

TEST(FailureGroups, WhatMayPassIsApartFromWhatDoesNot) {
  FailureGroups failures;
  failures.add(ErrorClass::dns, true, "no answer", "http://a/", 1);
  failures.add(ErrorClass::dns, false, "no answer", "http://b/", 2);
  EXPECT_EQ(failures.size(), 2U);
}

TEST(FailureGroups, AdviceNamesTheCommandThatTriesAgain) {
  EXPECT_EQ(advice_for(ErrorClass::dns, false), "is the name right? --retry-failed asks for them again");
  EXPECT_EQ(advice_for(ErrorClass::dns, true), "is the network up? the same command tries them again");
  EXPECT_EQ(advice_for(ErrorClass::truncated, true), "the same command tries them again");
  EXPECT_EQ(advice_for(ErrorClass::http, false), "--retry-failed asks for them again");
}

TEST(FailureGroups, EveryClassHasAnAdvice) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::interrupted); ++i) {
    for (const bool may_pass : {false, true}) EXPECT_FALSE(advice_for(static_cast<ErrorClass>(i), may_pass).empty());
  }
}

}  // namespace
}  // namespace overlap::get
