#include <gtest/gtest.h>

#include <stdexcept>

#include "cli/table.hpp"

namespace overlap::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"model", Table::Align::left}, {"seconds"}});
  table.add_row({"inline", "8.12"});
  table.add_row({"x", "123456789"});
  EXPECT_EQ(table.text(),
            "model     seconds\n"
            "inline       8.12\n"
            "x       123456789\n");
}

TEST(Table, TitlesOfSeveralLinesStandOnTheCells) {
  Table table({{"model", Table::Align::left}, {"peak\nmemory"}});
  table.add_row({"inline", "14M"});
  EXPECT_EQ(table.text(),
            "          peak\n"
            "model   memory\n"
            "inline     14M\n");
}

TEST(Table, LinesHaveNoSpacesAtTheirEnd) {
  Table table({{"a", Table::Align::left}, {"b", Table::Align::left}});
  table.add_row({"1"});
  table.add_row({"1", "two"});
  EXPECT_EQ(table.text(),
            "a  b\n"
            "1\n"
            "1  two\n");
}

TEST(Table, WidthsCountCharacters) {
  Table table({{"way", Table::Align::left}, {"got"}});
  table.add_row({"für alle", "1"});
  table.add_row({"for none", "2"});
  EXPECT_EQ(table.text(),
            "way       got\n"
            "für alle    1\n"
            "for none    2\n");
}

TEST(Table, ColumnsThatDoNotFitFollowBelowWithTheKeyAgain) {
  Table table({{"model", Table::Align::left}, {"seconds"}, {"items/s"}, {"peak\nmemory"}});
  table.add_row({"inline", "8.12", "19.7", "14M"});
  EXPECT_EQ(table.text(24),
            "model   seconds  items/s\n"
            "inline     8.12     19.7\n"
            "\n"
            "          peak\n"
            "model   memory\n"
            "inline     14M\n");
  EXPECT_EQ(table.text(23).substr(0, 16), "model   seconds\n");
  EXPECT_EQ(table.text(32), table.text());
}

TEST(Table, HasAColumnBesideTheKeysHoweverNarrow) {
  Table table({{"way", Table::Align::left}, {"model", Table::Align::left}, {"got"}, {"lost"}}, 2);
  table.add_row({"mutex", "loop", "5", "0"});
  EXPECT_EQ(table.text(3),
            "way    model  got\n"
            "mutex  loop     5\n"
            "\n"
            "way    model  lost\n"
            "mutex  loop      0\n");
}

TEST(Table, MoreCellsThanColumnsAreRefused) {
  Table table({{"only"}});
  EXPECT_THROW(table.add_row({"1", "2"}), std::invalid_argument);
}

TEST(ThreeDigits, KeepsThreeAndTakesNoExponent) {
  EXPECT_EQ(three_digits(0.012345), "0.0123");
  EXPECT_EQ(three_digits(1.6), "1.60");
  EXPECT_EQ(three_digits(24.06), "24.1");
  EXPECT_EQ(three_digits(160.4), "160");
  EXPECT_EQ(three_digits(12345), "12345");
  EXPECT_EQ(three_digits(0), "0");
}

TEST(ThreeDigits, RoundingUpToTheNextPowerOfTenTakesADigitAway) {
  EXPECT_EQ(three_digits(9.996), "10.0");
  EXPECT_EQ(three_digits(0.9999), "1.00");
}

}  // namespace
}  // namespace overlap::cli
