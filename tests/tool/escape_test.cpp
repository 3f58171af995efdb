#include "cli/escape.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace overlap::cli {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(EscapeForTerminal, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(escape_for_terminal("http://example.com/a b?c=d&e"), "http://example.com/a b?c=d&e");
  EXPECT_EQ(escape_for_terminal("naïve 日本語 🦀"), "naïve 日本語 🦀");
  EXPECT_EQ(escape_for_terminal(""), "");
}

TEST(EscapeForTerminal, WritesControlCharactersAsText) {
  EXPECT_EQ(escape_for_terminal("\x1b[31mred\x1b]0;title\a"), "\\x1b[31mred\\x1b]0;title\\x07");
  EXPECT_EQ(escape_for_terminal("a\nb\r\tc\0d\x7f"sv), "a\\nb\\r\\tc\\x00d\\x7f");
}

TEST(EscapeForTerminal, WritesEightBitControlsAsText) {
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"
                                "31m"),
            "\\u{009b}31m");  // CSI in UTF-8
  EXPECT_EQ(escape_for_terminal("\x9b"
                                "31m"),
            "\\x9b31m");  // CSI as a byte
}

TEST(EscapeForTerminal, ShowsWhatReordersOrHidesText) {
  EXPECT_EQ(escape_for_terminal("exe\u202egpj"), "exe\\u{202e}gpj");
  EXPECT_EQ(escape_for_terminal("a\u2066b\u200bc\ufeffd\u2028e"), "a\\u{2066}b\\u{200b}c\\u{feff}d\\u{2028}e");
  EXPECT_EQ(escape_for_terminal("\U000e0041"), "\\u{e0041}");
}

TEST(EscapeForTerminal, WritesBytesThatAreNotUtf8AsText) {
  EXPECT_EQ(escape_for_terminal("\xff"), "\\xff");
  EXPECT_EQ(escape_for_terminal("\xc0\xaf"), "\\xc0\\xaf");                    // overlong '/'
  EXPECT_EQ(escape_for_terminal("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(escape_for_terminal("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(escape_for_terminal("a\xe2\x82"), "a\\xe2\\x82");                  // cut short
}

TEST(EscapeForTerminal, EscapingTwiceChangesNothing) {
  const std::string once = escape_for_terminal("\x1b[2J\\ \xff \u202e");
  EXPECT_EQ(escape_for_terminal(once), once);
}

TEST(EscapeForTerminal, ShortensWithoutCuttingACharacterOrAnEscape) {
  EXPECT_EQ(escape_for_terminal("abcdef", 6), "abcdef");
  EXPECT_EQ(escape_for_terminal("abcdefg", 6), "abc...");
  EXPECT_EQ(escape_for_terminal("éééé", 7), "éé...");
  EXPECT_EQ(escape_for_terminal("a\x1b\x1b\x1b", 8), "a\\x1b...");
  EXPECT_EQ(escape_for_terminal("abcdefg", 0), "...");
}

TEST(EscapeForTerminal, AnyBytesComeOutHarmlessAndBounded) {
  std::mt19937 random(20261120);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string shown = escape_for_terminal(bytes, 40);
    ASSERT_LE(shown.size(), 40U);
    ASSERT_EQ(utf8_prefix(shown), shown.size());
    ASSERT_EQ(escape_for_terminal(shown, 40), shown);
    for (const char c : shown) ASSERT_GE(static_cast<unsigned char>(c), 0x20) << round;
  }
}

TEST(Utf8, PrefixStopsAtTheFirstBadByte) {
  EXPECT_EQ(utf8_prefix("abc"), 3U);
  EXPECT_EQ(utf8_prefix("é\xff z"), 2U);
  EXPECT_EQ(utf8_prefix("\x80"), 0U);
}

}  // namespace
}  // namespace overlap::cli
