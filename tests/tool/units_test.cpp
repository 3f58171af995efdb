#include "cli/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace overlap::cli {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("7ns"), 7ns);
  EXPECT_EQ(parse_duration("7us"), 7us);
  EXPECT_EQ(parse_duration("50ms"), 50ms);
  EXPECT_EQ(parse_duration("7s"), 7s);
  EXPECT_EQ(parse_duration("7m"), 7min);
  EXPECT_EQ(parse_duration("7h"), 7h);
  EXPECT_EQ(parse_duration("2d"), 48h);
}

TEST(ParseDuration, PlainNumberIsSeconds) {
  EXPECT_EQ(parse_duration("0"), 0ns);
  EXPECT_EQ(parse_duration("3"), 3s);
  EXPECT_EQ(parse_duration("0.25"), 250ms);
}

TEST(ParseDuration, FractionsAreExact) {
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.1s"), 100ms);
  EXPECT_EQ(parse_duration("1.000000001s"), 1'000'000'001ns);
  EXPECT_EQ(parse_duration("0.5m"), 30s);
}

TEST(ParseDuration, DigitsBelowANanosecondAreDropped) { EXPECT_EQ(parse_duration("1.9ns"), 1ns); }

TEST(ParseDuration, PartsAreAddedFromLargeToSmall) {
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1m30s500ms"), 90'500ms);
}

TEST(ParseDuration, RefusesWhatIsNotADurationAndQuotesIt) {
  for (const char* bad : {"",   "s",   "ms",    "-1s",    "+1s",  " 1s",  "1s ",   "1 s",  "1x",  "1S",  "1e3", "1.",
                          ".5", "1.s", "1..5s", "1.2.3s", "0x10", "1s30", "30s1m", "1s1s", "inf", "nan", "5,5s"}) {
    const auto result = parse_duration(bad);
    ASSERT_FALSE(result.has_value()) << bad;
    EXPECT_NE(result.error().find('"' + std::string(bad) + '"'), std::string::npos) << result.error();
  }
}

TEST(ParseDuration, RefusesOverflow) {
  EXPECT_EQ(parse_duration("9223372036854775807ns"), std::chrono::nanoseconds::max());
  EXPECT_FALSE(parse_duration("9223372036854775808ns"));
  EXPECT_FALSE(parse_duration("18446744073709551615"));
  EXPECT_FALSE(parse_duration("999999999999999999999999999999999999999999999999"));
  EXPECT_FALSE(parse_duration("106752d"));
  EXPECT_FALSE(parse_duration("106751d24h"));
}

TEST(ParseDuration, MessageEscapesControlCharacters) {
  const auto result = parse_duration("1s\x1b[31m");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().find('\x1b'), std::string::npos);
}

TEST(ParseSize, UnitsArePowersOf1024InEitherCase) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("123"), 123u);
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("10K"), 10u << 10);
  EXPECT_EQ(parse_size("10k"), 10u << 10);
  EXPECT_EQ(parse_size("10M"), 10u << 20);
  EXPECT_EQ(parse_size("10MiB"), 10u << 20);
  EXPECT_EQ(parse_size("3g"), std::uint64_t{3} << 30);
  EXPECT_EQ(parse_size("2T"), std::uint64_t{2} << 40);
  EXPECT_EQ(parse_size("2P"), std::uint64_t{2} << 50);
  EXPECT_EQ(parse_size("15E"), std::uint64_t{15} << 60);
}

TEST(ParseSize, FractionsOfAUnitAreWholeBytes) {
  EXPECT_EQ(parse_size("1.5K"), 1536u);
  EXPECT_EQ(parse_size("0.1K"), 102u);
}

TEST(ParseSize, RefusesWhatIsNotASizeAndQuotesIt) {
  for (const char* bad : {"", "M", "-1", "+1", " 1", "1 ", "1 K", "10MB", "10Mi", "10kb", "10BiB", "1e6", "1.", ".5K",
                          "1K1", "1KK", "0x1F", "1_000", "1,000"}) {
    const auto result = parse_size(bad);
    ASSERT_FALSE(result.has_value()) << bad;
    EXPECT_NE(result.error().find('"' + std::string(bad) + '"'), std::string::npos) << result.error();
  }
}

TEST(ParseSize, RefusesOverflow) {
  EXPECT_EQ(parse_size("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse_size("18446744073709551616"));
  EXPECT_FALSE(parse_size("16E"));
  EXPECT_FALSE(parse_size("99999999999999999999999999"));
  EXPECT_FALSE(parse_size("0.0000000000000000000000000000000000000000000001K"));
}

TEST(FormatDuration, HasThreeSignificantDigitsInTheLargestUnit) {
  EXPECT_EQ(format_duration(0ns), "0ns");
  EXPECT_EQ(format_duration(999ns), "999ns");
  EXPECT_EQ(format_duration(1234ns), "1.23us");
  EXPECT_EQ(format_duration(50ms), "50ms");
  EXPECT_EQ(format_duration(12'345us), "12.3ms");
  EXPECT_EQ(format_duration(999'999us), "1s");
  EXPECT_EQ(format_duration(2'571ms), "2.57s");
  EXPECT_EQ(format_duration(59'990ms), "1m");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(2h + 5min + 10s), "2h5m");
  EXPECT_EQ(format_duration(59min + 59'900ms), "1h");
  EXPECT_EQ(format_duration(50h), "2d2h");
}

TEST(FormatDuration, NegativeHasASign) {
  EXPECT_EQ(format_duration(-1500ms), "-1.5s");
  EXPECT_EQ(format_duration(std::chrono::nanoseconds::min()), "-106752d");
}

TEST(FormatDuration, IsReadBack) {
  for (const auto duration : {50ms, 1500ms, 90'000ms, 3'900'000ms}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

TEST(FormatSize, HasThreeSignificantDigitsInTheLargestUnit) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1023), "1023B");
  EXPECT_EQ(format_size(1024), "1K");
  EXPECT_EQ(format_size(1536), "1.5K");
  EXPECT_EQ(format_size((1u << 20) - 1), "1M");
  EXPECT_EQ(format_size(10u << 20), "10M");
  EXPECT_EQ(format_size(std::uint64_t{15} << 60), "15E");
}

TEST(FormatSize, IsReadBack) {
  for (const std::uint64_t size : {std::uint64_t{7}, std::uint64_t{1536}, std::uint64_t{10} << 20}) {
    EXPECT_EQ(parse_size(format_size(size)), size);
  }
}

TEST(ParseRate, IsTheTimeBetweenTwo) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_rate("100/s"), milliseconds(10));
  EXPECT_EQ(parse_rate("100"), milliseconds(10));
  EXPECT_EQ(parse_rate("10/m"), std::chrono::seconds(6));
  EXPECT_EQ(parse_rate("0.5/s"), std::chrono::seconds(2));
  EXPECT_EQ(parse_rate("1/d"), std::chrono::hours(24));
  EXPECT_EQ(parse_rate("3/s"), std::chrono::nanoseconds(333'333'334)) << "never faster than was said";
}

TEST(ParseRate, WhatIsNoneIsQuoted) {
  for (const char* text : {"", "0", "0/s", "-1/s", "10/", "/s", "10 /s", "10s", "10/fortnight", "fast", "1e3/s"}) {
    const auto parsed = parse_rate(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().find(text), std::string::npos) << parsed.error();
  }
}

}  // namespace
}  // namespace overlap::cli
