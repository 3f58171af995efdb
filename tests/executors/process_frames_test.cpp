// What lies between a pool and a worker: frames, the ring that they go through, and the bell.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "executors/process/bell.hpp"
#include "executors/process/frame.hpp"
#include "support/sanitizers.hpp"

namespace overlap::detail {
namespace {

std::string frame_bytes(std::uint64_t task, const std::string& payload) {
  FrameHeader header;
  header.task = task;
  header.length = payload.size();
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes + payload;
}

/// The frames of a stream that arrives in pieces of `step` bytes.
std::vector<Frame> parse(std::string_view stream, std::size_t step) {
  FrameParser parser;
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    std::span<const char> piece = std::span(stream).subspan(at, std::min(step, stream.size() - at));
    while (!piece.empty()) {
      piece = piece.subspan(parser.feed(piece));
      if (parser.has_frame()) frames.push_back(parser.take());
    }
  }
  return frames;
}

TEST(ProcessFrames, AreCutRightHoweverTheBytesAreSplit) {
  const std::string stream = frame_bytes(1, "one") + frame_bytes(2, "") + frame_bytes(3, std::string(200, 'x'));
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    const std::vector<Frame> frames = parse(stream, step);
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(frames[0].payload.view(), "one");
    EXPECT_EQ(frames[1].payload.view(), "");
    EXPECT_EQ(frames[1].header.task, 2u);
    EXPECT_EQ(frames[2].payload.view(), std::string(200, 'x'));
  }
}

TEST(ProcessFrames, OtherBytesAreRefused) {
  const std::string noise(sizeof(FrameHeader), '?');
  EXPECT_THROW(parse(noise, noise.size()), MalformedFrame);
}

TEST(ProcessFrames, SizesThatCannotBeAreRefused) {
  const auto with = [](auto change) {
    FrameHeader header;
    header.length = 100;
    change(header);
    FrameParser parser;
    parser.feed(std::span(reinterpret_cast<const char*>(&header), sizeof header));
  };
  EXPECT_THROW(with([](FrameHeader& h) { h.length = static_cast<std::uint64_t>(-1); }), MalformedFrame);
  EXPECT_THROW(with([](FrameHeader& h) { h.segments = 7; }), MalformedFrame);  // 112 bytes of them
  EXPECT_THROW(with([](FrameHeader& h) { h.files = 202; }), MalformedFrame);
  EXPECT_NO_THROW(with([](FrameHeader& h) { h.segments = 6; }));
}

TEST(ProcessFrames, PayloadThatMemoryCannotHoldIsDroppedAndTheNextFrameRead) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer ends a program that asks for so much";
  FrameHeader header;
  header.length = std::uint64_t{1} << 46;
  FrameParser parser;
  parser.feed(std::span(reinterpret_cast<const char*>(&header), sizeof header));
  EXPECT_FALSE(parser.has_frame());
  EXPECT_EQ(parser.feed(std::span("some bytes", 10)), 10u);
}

/// A ring of 64 bytes.
struct SmallRing {
  RingCounters counters;
  std::array<char, 64> bytes{};
  RingWriter writer{counters, bytes};
  RingReader reader{counters, bytes};

  std::string read_all() {
    std::string all;
    for (auto part = reader.readable(); !part.empty(); part = reader.readable()) {
      all.append(part.data(), part.size());
      static_cast<void>(reader.take(part.size()));
    }
    return all;
  }
};

TEST(ProcessRing, GivesBackWhatWasPutInAcrossItsEnd) {
  SmallRing ring;
  const std::string text = "forty bytes, which do not divide the 64.";
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ring.writer.put(text), text.size());
    EXPECT_FALSE(ring.reader.has_news());
    ring.writer.publish();
    EXPECT_TRUE(ring.reader.has_news());
    EXPECT_EQ(ring.read_all(), text);
  }
}

TEST(ProcessRing, TakesNoMoreThanItHolds) {
  SmallRing ring;
  EXPECT_EQ(ring.writer.put(std::string(100, 'x')), 64u);
  EXPECT_EQ(ring.writer.put(std::string(100, 'x')), 0u);
  ring.writer.publish();
  EXPECT_EQ(ring.read_all().size(), 64u);
}

TEST(ProcessRing, ReaderIsToldOnceThatTheWriterWaits) {
  SmallRing ring;
  ring.writer.put(std::string(64, 'x'));
  ring.writer.publish();
  EXPECT_FALSE(ring.writer.wants_room());
  EXPECT_TRUE(ring.reader.take(10));
  EXPECT_FALSE(ring.reader.take(10));
  EXPECT_TRUE(ring.writer.wants_room());
}

TEST(ProcessRing, CountersThatCannotBeAreRefused) {
  SmallRing ring;
  ring.counters.written.store(65);
  EXPECT_THROW(ring.reader.readable(), MalformedFrame);
  ring.counters.taken.store(1);
  EXPECT_THROW(ring.writer.put("x"), MalformedFrame);
  EXPECT_THROW(ring.writer.wants_room(), MalformedFrame);
}

TEST(ProcessRing, CarriesAStreamBetweenThreadsThatSleepAndWake) {
  SmallRing ring;
  Bell reader_bell;
  Bell writer_bell;
  constexpr std::size_t kBytes = 200'000;
  std::jthread writer([&] {
    std::size_t sent = 0;
    while (sent < kBytes) {
      const std::uint32_t heard = writer_bell.listen();
      std::array<char, 23> piece;
      const std::size_t size = std::min(piece.size(), kBytes - sent);
      for (std::size_t i = 0; i < size; ++i) piece[i] = static_cast<char>(sent + i);
      const std::size_t count = ring.writer.put(std::span(piece).first(size));
      ring.writer.publish();
      reader_bell.ring();
      sent += count;
      if (count == 0 && !ring.writer.wants_room()) writer_bell.wait(heard, std::nullopt);
    }
  });
  std::size_t wrong = 0;
  for (std::size_t got = 0; got < kBytes;) {
    const std::uint32_t heard = reader_bell.listen();
    const auto bytes = ring.reader.readable();
    for (const char byte : bytes) wrong += byte != static_cast<char>(got++);
    if (bytes.empty()) {
      reader_bell.wait(heard, std::nullopt);
    } else if (ring.reader.take(bytes.size())) {
      writer_bell.ring();
    }
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(ProcessBell, RungBeforeTheWaitEndsItAtOnce) {
  Bell bell;
  const std::uint32_t heard = bell.listen();
  bell.ring();
  bell.wait(heard, std::nullopt);
}

TEST(ProcessBell, WaitEndsAtItsDeadline) {
  Bell bell;
  bell.wait(bell.listen(), Clock::now());
}

}  // namespace
}  // namespace overlap::detail
