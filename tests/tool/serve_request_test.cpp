// How requests are read and understood, without a socket.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "serve/bounded_cache.hpp"
#include "serve/reply.hpp"
#include "serve/request_reader.hpp"
#include "serve/responder.hpp"
#include "serve/target.hpp"

namespace overlap::serve {
namespace {

using Outcome = RequestReader::Outcome;

/// Gives all of `text` to the reader, however little room it offers at a time.
void feed(RequestReader& reader, std::string_view text) {
  while (!text.empty()) {
    const auto room = reader.prepare();
    const std::size_t count = std::min(room.size(), text.size());
    std::memcpy(room.data(), text.data(), count);
    reader.commit(count);
    text.remove_prefix(count);
  }
}

TEST(ServeRequestReader, ReadsARequestFedByteByByte) {
  RequestReader reader;
  const std::string text = "HEAD /a?b HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(reader.next(), Outcome::need_more);
    feed(reader, text.substr(i, 1));
  }
  ASSERT_EQ(reader.next(), Outcome::ready);
  EXPECT_EQ(reader.request().method, Method::head);
  EXPECT_EQ(reader.request().target, "/a?b");
  EXPECT_EQ(reader.request().range, "bytes=1-2");
  EXPECT_TRUE(reader.request().keep_alive);
  EXPECT_EQ(reader.next(), Outcome::need_more);
}

TEST(ServeRequestReader, ReadsPipelinedRequestsOneByOne) {
  RequestReader reader;
  feed(reader,
       "GET /1 HTTP/1.1\r\nRange: x\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.0\r\n\r\n");
  ASSERT_EQ(reader.next(), Outcome::ready);
  EXPECT_EQ(reader.request().target, "/1");
  ASSERT_EQ(reader.next(), Outcome::ready);
  EXPECT_EQ(reader.request().target, "/2");
  EXPECT_EQ(reader.request().method, Method::other);
  EXPECT_EQ(reader.request().body, "abc");
  EXPECT_EQ(reader.request().range, "");
  ASSERT_EQ(reader.next(), Outcome::ready);
  EXPECT_EQ(reader.request().target, "/3");
  EXPECT_EQ(reader.request().body, "");
  EXPECT_TRUE(reader.request().http_1_0);
  EXPECT_FALSE(reader.request().keep_alive);
  EXPECT_EQ(reader.next(), Outcome::need_more);
}

TEST(ServeRequestReader, ReadsAChunkedBodyThatComesInParts) {
  RequestReader reader;
  feed(reader, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
  EXPECT_EQ(reader.next(), Outcome::need_more);
  feed(reader, "c\r\n2\r\nde\r\n0\r\n\r\n");
  ASSERT_EQ(reader.next(), Outcome::ready);
  EXPECT_EQ(reader.request().body, "abcde");
}

TEST(ServeRequestReader, LongHeadersFitUpTo64KiB) {
  RequestReader reader;
  feed(reader, "GET / HTTP/1.1\r\nX: " + std::string(60'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(reader.next(), Outcome::ready);
}

TEST(ServeRequestReader, RefusesWhatIsTooLongOrNotHttp) {
  for (const std::string& text :
       {std::string("GET / HTTP/1.1\r\nX: ") + std::string(70'000, 'x') + "\r\n\r\n",
        std::string("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"), std::string("\x16\x03\x01 hello\r\n\r\n"),
        std::string("GET /\r\n\r\n"), std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n")}) {
    RequestReader reader;
    feed(reader, text);
    EXPECT_EQ(reader.next(), Outcome::bad) << text.substr(0, 60);
  }
}

TEST(ServeRequestReader, RefusesAnEndlessHeaderBeforeItEnds) {
  RequestReader reader;
  feed(reader, "GET / HTTP/1.1\r\n");
  Outcome outcome = reader.next();
  for (int i = 0; i < 200 && outcome == Outcome::need_more; ++i) {
    feed(reader, "X: " + std::string(1000, 'x') + "\r\n");
    outcome = reader.next();
  }
  EXPECT_EQ(outcome, Outcome::bad);
}

TEST(ServeTarget, IsSplitAtTheQuery) {
  const Target target = split_target("/a/b?c=d?e");
  EXPECT_EQ(target.whole, "/a/b?c=d?e");
  EXPECT_EQ(target.path, "/a/b");
  EXPECT_EQ(target.query, "c=d?e");
}

TEST(ServeTarget, AbsoluteFormLosesItsHost) {
  EXPECT_EQ(split_target("http://host:80/a?b").whole, "/a?b");
  EXPECT_EQ(split_target("http://host").whole, "/");
  EXPECT_EQ(split_target("*").whole, "/");
}

TEST(ServeTarget, ParametersAreDecoded) {
  const Target target = split_target("/?a=1&b=x%20y%2f&c&d=%zz%4");
  EXPECT_EQ(target.parameter("a"), "1");
  EXPECT_EQ(target.parameter("b"), "x y/");
  EXPECT_EQ(target.parameter("c"), "");
  EXPECT_EQ(target.parameter("d"), "%zz%4");
  EXPECT_EQ(target.parameter("e"), std::nullopt);
}

TEST(ServeRoute, MalformedReservedPathsAreUnknown) {
  for (const char* path :
       {"/bytes/", "/bytes/-1", "/bytes/1x", "/bytes/99999999999999999999", "/status/99", "/status/600", "/status/2000",
        "/redirect/x", "/image/.jpg", "/image/a/b.jpg", "/json/a/b"}) {
    EXPECT_EQ(route_of(split_target(path)).kind, RouteKind::unknown) << path;
  }
  EXPECT_EQ(route_of(split_target("/bytes")).kind, RouteKind::page);
}

TEST(ServeByteRange, IsReadInItsThreeForms) {
  const auto expect = [](std::string_view text, std::uint64_t first, std::uint64_t last) {
    const ByteRange range = parse_range(text, 100);
    EXPECT_EQ(range.kind, ByteRange::Kind::some) << text;
    EXPECT_EQ(range.first, first) << text;
    EXPECT_EQ(range.last, last) << text;
  };
  expect("bytes=0-0", 0, 0);
  expect("bytes=10-19", 10, 19);
  expect("bytes=10-1000", 10, 99);
  expect("bytes=10-", 10, 99);
  expect("bytes=-10", 90, 99);
  expect("bytes=-1000", 0, 99);
}

TEST(ServeByteRange, BeyondTheEndIsUnsatisfiable) {
  for (const char* text : {"bytes=100-", "bytes=100-200", "bytes=-0"}) {
    EXPECT_EQ(parse_range(text, 100).kind, ByteRange::Kind::unsatisfiable) << text;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, ByteRange::Kind::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, ByteRange::Kind::unsatisfiable);
}

TEST(ServeByteRange, OtherFormsAreIgnored) {
  for (const char* text : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1",
                           "bytes=0-x", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(text, 100).kind, ByteRange::Kind::none) << text;
  }
}

TEST(ServeBoundedCache, DropsTheLeastRecentlyUsed) {
  BoundedCache<std::shared_ptr<int>> cache(1000);
  const auto value = std::make_shared<int>(1);
  for (const char* name : {"a", "b"}) cache.insert(name, value, 300);
  EXPECT_TRUE(cache.find("a"));
  cache.insert("c", value, 300);
  EXPECT_TRUE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("c"));
}

TEST(ServeBoundedCache, KeepsNothingLargerThanItself) {
  BoundedCache<std::shared_ptr<int>> cache(1000);
  cache.insert("a", std::make_shared<int>(1), 300);
  cache.insert("large", std::make_shared<int>(1), 1000);
  EXPECT_FALSE(cache.find("large"));
  EXPECT_TRUE(cache.find("a"));
}

TEST(ServeDelay, StaysBetweenLatencyAndJitterAndFollowsTheSeed) {
  using namespace std::chrono_literals;
  const OriginOptions options{.latency = 10ms, .jitter = 5ms, .seed = 7};
  bool differ = false;
  for (std::uint64_t serial = 0; serial < 1000; ++serial) {
    const auto delay = delay_of(options, serial);
    EXPECT_GE(delay, 10ms);
    EXPECT_LT(delay, 15ms);
    EXPECT_EQ(delay, delay_of(options, serial));
    differ |= delay != delay_of({.latency = 10ms, .jitter = 5ms, .seed = 8}, serial);
  }
  EXPECT_TRUE(differ);
}

TEST(ServeChosenFault, HitsTheShareAskedFor) {
  const OriginOptions options{.seed = 3, .fault_rate = 0.1};
  int unavailable = 0;
  int reset = 0;
  for (std::uint64_t serial = 0; serial < 100'000; ++serial) {
    const ChosenFault fault = chosen_fault(options, serial);
    EXPECT_EQ(fault, chosen_fault(options, serial));
    unavailable += fault == ChosenFault::unavailable ? 1 : 0;
    reset += fault == ChosenFault::reset ? 1 : 0;
  }
  EXPECT_NEAR(unavailable, 5000, 300);
  EXPECT_NEAR(reset, 5000, 300);
}

TEST(ServeChosenFault, RatesZeroAndOneAreNoneAndAll) {
  for (std::uint64_t serial = 0; serial < 1000; ++serial) {
    EXPECT_EQ(chosen_fault({.fault_rate = 0}, serial), ChosenFault::none);
    EXPECT_NE(chosen_fault({.fault_rate = 1}, serial), ChosenFault::none);
  }
}

}  // namespace
}  // namespace overlap::serve
