#include "cli/wrap.hpp"

#include <gtest/gtest.h>

namespace overlap::cli {
namespace {

TEST(Wrapped, LinesEndAtTheLastSpaceThatFits) {
  EXPECT_EQ(wrapped("one two three\nfour\n", 8), "one two\nthree\nfour\n");
  EXPECT_EQ(wrapped("one two", 7), "one two");
  EXPECT_EQ(wrapped("one two", 6), "one\ntwo");
}

TEST(Wrapped, AWordThatIsTooWideStaysWhole) {
  EXPECT_EQ(wrapped("a http://host/path b", 6), "a\nhttp://host/path\nb");
  EXPECT_EQ(wrapped("  indented", 4), "  indented");
}

TEST(Wrapped, WidthsCountCharacters) { EXPECT_EQ(wrapped("für für", 7), "für für"); }

TEST(Wrapped, NothingIsChangedWithoutAWidth) { EXPECT_EQ(wrapped("one two\n\n three", 0), "one two\n\n three"); }

}  // namespace
}  // namespace overlap::cli
