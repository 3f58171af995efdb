#include <overlap/core/detail/archive.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include <overlap/core/detail/shipping.hpp>

namespace overlap::detail {
namespace {

using testing::ElementsAre;

struct Point {
  int x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};

struct Named {  // what a user writes for cereal
  std::string name;
  std::vector<Point> points;
  bool operator==(const Named&) const = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, points);
  }
};

enum class Colour : std::uint16_t { red = 1, blue = 500 };

template <class T>
T round_trip(const T& value) {
  Encoder out;
  write_part(out, value);
  Decoder in(out.bytes());
  T copy{};
  read_part(in, copy);
  EXPECT_EQ(in.left(), 0U);
  return copy;
}

template <class T>
void expect_same(const T& value) {
  EXPECT_EQ(round_trip(value), value);
}

TEST(Archive, VectorsOfNumbersAndOfPlainStructsAreWrittenAtOneStroke) {
  const std::vector<Point> points(100'000, Point{3, 0.5});
  Encoder out(Encoder::Large::shared);
  out(points, std::vector<double>(100'000, 1.5), std::string("behind"));
  ASSERT_EQ(out.message().segments.size(), 2U);
  EXPECT_EQ(out.message().segments[0].size, points.size() * sizeof(Point));
  Decoder in{MessageView(out.message())};
  std::vector<Point> same_points{Point{7, 7}};
  std::vector<double> numbers;
  std::string behind;
  in(same_points, numbers, behind);
  EXPECT_EQ(same_points, points);
  EXPECT_EQ(numbers, std::vector<double>(100'000, 1.5));
  EXPECT_EQ(behind, "behind");
  EXPECT_EQ(in.left(), 0U);
}

TEST(Archive, WhatWasWrittenCanBeTakenBackToAMark) {
  Encoder out(Encoder::Large::shared);
  const std::vector<double> numbers(100'000, 1.5);
  out(1, numbers);
  const Encoder::Mark mark = out.mark();
  out(2, std::vector<double>(200'000, 2.5), std::string("dropped"));
  out.go_back(mark);
  out(3, std::vector<double>(50'000, 3.5));
  Decoder in{MessageView(out.message())};
  int first = 0;
  int last = 0;
  std::vector<double> one;
  std::vector<double> three;
  in(first, one, last, three);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(one, numbers);
  EXPECT_EQ(last, 3);
  EXPECT_EQ(three, std::vector<double>(50'000, 3.5));
  EXPECT_EQ(in.left(), 0U);
}

TEST(Archive, NumbersCross) {
  expect_same(-5);
  expect_same(true);
  expect_same('x');
  expect_same(std::numeric_limits<std::uint64_t>::max());
  expect_same(std::numeric_limits<std::int64_t>::min());
  expect_same(1.5F);
  expect_same(-0.1);
  expect_same(1.5L);
  expect_same(Colour::blue);
}

TEST(Archive, StringsCrossWithWhateverIsInThem) {
  expect_same(std::string());
  expect_same(std::string("a\0b\n\xff", 5));
  expect_same(std::string(100'000, 'x'));
  expect_same(std::u16string(u"wide"));
}

TEST(Archive, ContainersCross) {
  expect_same(std::vector<int>{1, 2, 3});
  expect_same(std::vector<int>());
  expect_same(std::vector<bool>{true, false, true});
  expect_same(std::vector<std::string>{"a", "", "c"});
  expect_same(std::vector<std::vector<double>>{{1.0}, {}, {2.0, 3.0}});
  expect_same(std::deque<std::string>{"x", "y"});
  expect_same(std::array<short, 3>{1, 2, 3});
  expect_same(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  expect_same(std::unordered_map<int, std::string>{{1, "x"}, {2, "y"}});
  expect_same(std::set<int>{3, 1, 2});
  expect_same(std::unordered_set<std::string>{"p", "q"});
}

TEST(Archive, TuplesOptionalsAndVariantsCross) {
  expect_same(std::pair<int, std::string>{1, "x"});
  expect_same(std::tuple<int, std::string, double>{1, "x", 0.5});
  expect_same(std::tuple<>());
  expect_same(std::optional<std::string>());
  expect_same(std::optional<std::string>("x"));
  expect_same(std::optional<std::optional<int>>(std::optional<int>()));
  expect_same(std::variant<int, std::string>(3));
  expect_same(std::variant<int, std::string>("x"));
  expect_same(std::variant<std::monostate, Point>());
  expect_same(std::monostate());
}

TEST(Archive, DurationsCross) {
  expect_same(std::chrono::nanoseconds(-7));
  expect_same(std::chrono::hours(5));
}

TEST(Archive, PlainStructsCrossAsTheirBytes) {
  expect_same(Point{1, 2.5});
  expect_same(std::vector<Point>{{1, 2.5}, {3, 4.5}});
  expect_same(std::map<int, Point>{{1, {1, 2.5}}});
}

TEST(Archive, ClassesThatCerealKnowsCross) {
  expect_same(Named{"n", {{1, 2}, {3, 4}}});
  expect_same(std::vector<Named>{{"n", {}}, {"m", {{1, 2}}}});
}

int add_one(int x) { return x + 1; }

TEST(Archive, FunctionPointersCrossAsTheirPlaceInTheCode) {
  const auto function = round_trip(&add_one);
  EXPECT_EQ(function(2), 3);
}

TEST(Archive, CapturelessLambdasCross) {
  const auto lambda = [](int x) { return 2 * x; };
  Encoder out;
  write_part(out, lambda);
  Decoder in(out.bytes());
  auto copy = lambda;
  read_part(in, copy);
  EXPECT_EQ(copy(4), 8);
  EXPECT_EQ(in.left(), 0U);
}

TEST(Archive, MessageThatEndsTooEarlyIsAnErrorAtEveryLength) {
  Encoder out;
  out(std::vector<std::string>{"abc", "defg"}, std::map<int, double>{{1, 2.0}}, std::optional<int>(3));
  const std::string& whole = out.bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    Decoder in(std::string_view(whole).substr(0, length));
    std::vector<std::string> strings;
    std::map<int, double> map;
    std::optional<int> number;
    EXPECT_THROW(in(strings, map, number), NotShippable) << length;
  }
}

template <class R>
Outcome<R> round_trip_outcome(const Outcome<R>& outcome) {
  Encoder out;
  out(outcome);
  Decoder in(out.bytes());
  Outcome<R> copy;
  in(copy);
  EXPECT_EQ(in.left(), 0U);
  return copy;
}

TEST(Archive, OutcomesCrossWithValueOrError) {
  EXPECT_EQ(round_trip_outcome(Outcome<std::string>::of([] { return std::string("x"); })).value(), "x");
  EXPECT_NO_THROW(round_trip_outcome(Outcome<void>::of([] {})).value());
  auto failed = round_trip_outcome(Outcome<int>::of([]() -> int { throw std::out_of_range("far"); }));
  EXPECT_THROW(failed.value(), std::out_of_range);
}

}  // namespace
}  // namespace overlap::detail
