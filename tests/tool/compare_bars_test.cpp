#include "compare/bars.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace overlap::compare {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

ModelSummary summary_of(cli::Model model, double seconds) {
  ModelSummary summary;
  summary.model = model;
  summary.runs = 1;
  summary.seconds = {seconds, seconds, seconds};
  return summary;
}

const std::vector<ModelSummary> kThree{summary_of(cli::Model::inline_, 8), summary_of(cli::Model::threads, 2),
                                       summary_of(cli::Model::loop, 0.01)};

TEST(Bars, AreAsLongAsTheTimesAndFillTheWidth) {
  EXPECT_EQ(bars_text(kThree, {.width = 30}),
            "inline   ############ 8.00 s\n"
            "threads  ### 2.00 s\n"
            "loop     # 0.0100 s\n");
}

TEST(Bars, OfBlocksHaveEighths) {
  EXPECT_EQ(bars_text(kThree, {.width = 30, .has_blocks = true}),
            "inline   ████████████ 8.00 s\n"
            "threads  ███ 2.00 s\n"
            "loop     ▏ 0.0100 s\n");
}

TEST(Bars, OnlyTheFastestIsColoured) {
  const std::string text = bars_text(kThree, {.width = 40, .has_colour = true});
  EXPECT_THAT(text, HasSubstr("loop     \x1b[32m#\x1b[0m"));
  EXPECT_EQ(text.find('\x1b'), text.find("\x1b[32m"));
}

TEST(Bars, ModelInWhichSomethingFailedIsMarkedAndNeverTheFastest) {
  auto summaries = kThree;
  summaries[2].failed_items = 7;
  const std::string text = bars_text(summaries, {.width = 40, .has_colour = true});
  EXPECT_THAT(text, HasSubstr("threads  \x1b[32m"));
  EXPECT_THAT(text, HasSubstr("loop     # 0.0100 s, 7 failed\n"));
}

TEST(Bars, NeedRoomAndTwoTimes) {
  EXPECT_THAT(bars_text(kThree, {.width = 20}), IsEmpty());
  EXPECT_THAT(bars_text(kThree, {}), IsEmpty());
  EXPECT_THAT(bars_text(std::span(kThree).first(1), {.width = 80}), IsEmpty());
}

}  // namespace
}  // namespace overlap::compare
