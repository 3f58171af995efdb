// Large arguments and results, and the messages that carry them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <numeric>

#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "../../src/executors/process/frame.hpp"

namespace overlap {
namespace {

std::vector<std::uint64_t> reversed(std::vector<std::uint64_t> numbers) { return {numbers.rbegin(), numbers.rend()}; }

std::vector<std::uint64_t> count_up(std::size_t bytes) {
  std::vector<std::uint64_t> numbers(bytes / sizeof(std::uint64_t));
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  return numbers;
}

TEST(ProcessPayload, CrossesBothWaysAtTheSameTime) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const std::vector<std::uint64_t> numbers = count_up(std::size_t{64} << 20);
  const auto one = pool.submit(&reversed, numbers);
  const auto two = pool.submit(&reversed, numbers);
  const auto three = pool.submit(&reversed, numbers);
  for (const auto* future : {&one, &two, &three}) {
    const auto& result = future->result();
    ASSERT_EQ(result.size(), numbers.size());
    EXPECT_TRUE(std::equal(result.begin(), result.end(), numbers.rbegin()));
  }
}

TEST(ProcessPayload, OfManySizesArrivesWhole) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<std::string> texts;
  for (std::size_t size = 0; size < 300'000; size = size * 5 / 4 + 1) texts.emplace_back(size, 'a');
  std::size_t i = 0;
  for (const std::string& result : pool.map([](const std::string& text) { return text + "!"; }, texts)) {
    EXPECT_EQ(result, texts[i++] + "!");
  }
}

TEST(ProcessPayload, OfThreeGibibytesCrosses) {
  if (std::getenv("OVERLAP_TEST_HUGE") == nullptr) GTEST_SKIP() << "set OVERLAP_TEST_HUGE=1; needs 16 GiB of memory";
  ProcessPoolExecutor pool({.max_workers = 1});
  std::string text(std::size_t{3} << 30, 'x');
  text.back() = 'y';
  const auto back = pool.submit([](std::string huge) { return huge.size() * (huge.back() == 'y' ? 1 : 0); }, text);
  EXPECT_EQ(back.result(), text.size());
  const auto forth = pool.submit([] { return std::string(std::size_t{3} << 30, 'z'); });
  EXPECT_EQ(forth.result().size(), std::size_t{3} << 30);
  EXPECT_EQ(forth.result().back(), 'z');
}

// The parser alone.

std::string frame_bytes(std::uint64_t task, const std::string& payload) {
  detail::FrameHeader header;
  header.task = task;
  header.length = payload.size();
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes + payload;
}

TEST(ProcessFrames, AreCutRightHoweverTheBytesAreSplit) {
  const std::string stream = frame_bytes(1, "one") + frame_bytes(2, "") + frame_bytes(3, std::string(200, 'x'));
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    detail::FrameParser parser;
    std::vector<detail::Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      parser.feed(std::span(stream).subspan(at, std::min(step, stream.size() - at)), frames);
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].payload.view(), "one");
    EXPECT_EQ(frames[1].payload.view(), "");
    EXPECT_EQ(frames[1].header.task, 2u);
    EXPECT_EQ(frames[2].payload.view(), std::string(200, 'x'));
  }
}

TEST(ProcessFrames, LargePayloadIsReceivedInPlace) {
  const std::string payload(std::size_t{1} << 20, 'p');
  const std::string stream = frame_bytes(1, payload);
  detail::FrameParser parser;
  std::vector<detail::Frame> frames;
  EXPECT_TRUE(parser.direct().empty());
  parser.feed(std::span(stream).first(100), frames);
  std::size_t at = 100;
  while (!parser.direct().empty()) {
    const std::span<char> into = parser.direct();
    const std::size_t count = std::min<std::size_t>(into.size(), 50'000);
    std::memcpy(into.data(), stream.data() + at, count);
    parser.received_directly(count, frames);
    at += count;
  }
  parser.feed(std::span(stream).subspan(at), frames);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].payload.view(), payload);
}

TEST(ProcessFrames, OtherBytesAreRefused) {
  detail::FrameParser parser;
  std::vector<detail::Frame> frames;
  const std::string noise(sizeof(detail::FrameHeader), '?');
  EXPECT_THROW(parser.feed(noise, frames), detail::MalformedFrame);
}

}  // namespace
}  // namespace overlap
