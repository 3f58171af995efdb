#include "cli/models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace overlap::cli {
namespace {

using testing::HasSubstr;

int twice(int value) { return 2 * value; }

TEST(Models, NamesAreReadAsTheyAreWritten) {
  for (const Model model : kModels) EXPECT_EQ(parse_model(to_string(model)), model);
}

TEST(Models, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  const auto model = parse_model("thread\x1b");
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error(), HasSubstr("'thread\\x1b'"));
  EXPECT_THAT(model.error(), HasSubstr("inline, threads, loop, processes"));
}

TEST(Models, NamesAreExact) {
  EXPECT_FALSE(parse_model(""));
  EXPECT_FALSE(parse_model("Inline"));
  EXPECT_FALSE(parse_model("loop "));
}

TEST(Models, EachMakesAnExecutorOfTheAskedConcurrency) {
  EXPECT_EQ(make_executor(Model::inline_, 3, 7)->concurrency(), 1U);
  EXPECT_EQ(make_executor(Model::threads, 3, 7)->concurrency(), 3U);
  EXPECT_EQ(make_executor(Model::loop, 3, 7)->concurrency(), 7U);
  EXPECT_EQ(make_executor(Model::processes, 3, 7)->concurrency(), 3U);
}

TEST(Models, ExecutorsRunWork) {
  for (const Model model : kModels) {
    EXPECT_EQ(make_executor(model, 2, 2)->submit(twice, 21).result(), 42) << to_string(model);
  }
}

}  // namespace
}  // namespace overlap::cli
