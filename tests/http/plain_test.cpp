// The parts of the driver of plain HTTP/1.1, and what only it decides. What it has in common with libcurl is tested by
// the tests of a Session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include <overlap/async/gather.hpp>

#include "http/fetching.hpp"
#include "http/plain/body_framing.hpp"
#include "http/plain/idle_connections.hpp"
#include "http/plain/request_text.hpp"
#include "http/plain/target.hpp"

namespace overlap::test {
namespace {

using http::Request;
using http::Session;
using http::SessionOptions;
using http::detail::BodyFraming;
using http::detail::IdleConnections;
using http::detail::plain_target;
using std::chrono::milliseconds;
using testing::HasSubstr;

// ---- which URLs are plain

TEST(PlainTarget, HasThePartsOfAUrl) {
  const auto target = plain_target("http://example.com:8080/a/b?c=/../d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "example.com:8080");
  EXPECT_EQ(target->host, "example.com");
  EXPECT_EQ(target->port, 8080);
  EXPECT_EQ(target->path, "/a/b?c=/../d");
  EXPECT_EQ(plain_target("http://192.0.2.1")->path, "");
  EXPECT_EQ(plain_target("http://192.0.2.1")->port, 80);
}

TEST(PlainTarget, IsNothingWhereAUrlHasMoreThanOneReading) {
  for (const char* const url :
       {"https://example.com/", "http://",           "http://Example.com/", "http://0x7f.1/", "http://127.1/",
        "http://017.0.0.1/",    "http://256.0.0.1/", "http://2130706433/",  "http://a.b.1/",  "http://[::1]/",
        "http://a..b/",         "http://.a/",        "http://a./",          "http://-a/",     "http://a%2eb/",
        "http://a_b/",          "http://me@a/",      "http://a:/",          "http://a:0/",    "http://a:080/",
        "http://a:80/",         "http://a:65536/",   "http://a:1x/",        "http://a?b",     "http://a/#b",
        "http://a/b c",         "http://a/../b",     "http://a/./b",        "http://a/..",    "http://a/.b",
        "http://a/\\b",         "http://a/\xc3\xa4"}) {
    EXPECT_FALSE(plain_target(url)) << url;
  }
}

// ---- where a body ends

struct Framed {
  std::string body{};
  std::string rest{};   ///< behind the end
  std::string error{};  ///< empty: none
  bool complete = false;

  friend bool operator==(const Framed&, const Framed&) = default;
};

void PrintTo(const Framed& framed, std::ostream* out) {
  *out << "'" << framed.body << "' + '" << framed.rest << "', " << framed.error
       << (framed.complete ? "" : " incomplete");
}

http::detail::Head head_of(const std::string& fields) {
  http::detail::Head head;
  for (const std::string& line : {std::string("HTTP/1.1 200 OK\r\n"), fields, std::string("\r\n")}) {
    if (!line.empty()) (void)head.take(line);
  }
  return head;
}

/// Reads `text` in pieces of so many bytes.
Framed frame(const std::string& fields, const std::string& text, std::size_t piece_size) {
  http::detail::Head head = head_of(fields);
  BodyFraming framing;
  Framed framed;
  if (const auto begun = framing.begin(head, head.headers().get("Transfer-Encoding").value_or(""), true); !begun) {
    framed.error = begun.error();
    return framed;
  }
  for (std::size_t at = 0; at < text.size(); at += piece_size) {
    auto input = std::as_bytes(std::span(text).subspan(at, std::min(piece_size, text.size() - at)));
    while (!input.empty() && !framing.is_complete()) {
      const auto piece = framing.next(input);
      if (!piece) {
        framed.error = piece.error();
        return framed;
      }
      framed.body.append(reinterpret_cast<const char*>(piece->data()), piece->size());
    }
    framed.rest.append(reinterpret_cast<const char*>(input.data()), input.size());
  }
  framed.complete = framing.is_complete();
  return framed;
}

/// However it is cut into pieces, the outcome is the same.
void expect_framed(const std::string& fields, const std::string& text, const Framed& expected) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000}}) {
    EXPECT_EQ(frame(fields, text, size), expected) << "in pieces of " << size;
  }
}

constexpr const char* kChunked = "Transfer-Encoding: chunked\r\n";

TEST(BodyFraming, ACountedBodyEndsByItsLength) {
  expect_framed("Content-Length: 5\r\n", "hellothere", {.body = "hello", .rest = "there", .complete = true});
  expect_framed("Content-Length: 5\r\n", "hell", {.body = "hell"});
  expect_framed("Content-Length: 0\r\n", "x", {.rest = "x", .complete = true});
}

TEST(BodyFraming, ABodyWithoutLengthEndsWithTheConnection) { expect_framed("", "hello", {.body = "hello"}); }

TEST(BodyFraming, ChunksArePutTogether) {
  expect_framed(kChunked, "5\r\nhello\r\n6; ext=1\r\n there\r\n0\r\n\r\nmore",
                {.body = "hello there", .rest = "more", .complete = true});
  expect_framed(kChunked, "5\nhello\n0\n\n", {.body = "hello", .complete = true});
  expect_framed(kChunked, "0A\r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n", {.body = "0123456789", .complete = true});
  expect_framed(kChunked, "5\r\nhello\r\n0\r\n", {.body = "hello"});
}

TEST(BodyFraming, ChunksThatAreNoneAreRefused) {
  const std::string no_size = "a chunk of the body has no size";
  for (const char* const text :
       {"x\r\n", "\r\n", "-5\r\nhello", "+5\r\nhello", "0x5\r\nhello", " 5\r\nhello", "5x\r\nhello"}) {
    expect_framed(kChunked, text, {.error = no_size});
  }
  const std::string too_large = "a chunk of the body is larger than can be";
  expect_framed(kChunked, "fffffffffffffffff\r\n", {.error = too_large});
  expect_framed(kChunked, "ffffffffffffffff\r\n", {.error = too_large});
  expect_framed(kChunked, "5\r\nhelloxx0\r\n",
                {.body = "hello", .error = "a chunk of the body does not end where it should"});
}

TEST(BodyFraming, LinesBetweenChunksAreBounded) {
  EXPECT_THAT(frame(kChunked, "5;" + std::string(10'000, 'x'), 100).error, HasSubstr("too long"));
  std::string trailer = "0\r\n";
  for (int i = 0; i < 10'000; ++i) trailer += "X: 0123456789\r\n";
  EXPECT_THAT(frame(kChunked, trailer, 1000).error, HasSubstr("too long"));
}

TEST(BodyFraming, ATransferCodingOtherThanChunkedIsRefused) {
  EXPECT_THAT(frame("Transfer-Encoding: gzip, chunked\r\n", "x", 1).error, HasSubstr("transfer coding"));
}

// ---- idle connections

TEST(IdleConnections, TheLastUsedOfAnOriginIsTakenFirst) {
  IdleConnections idle;
  const TimePoint now = Clock::now();
  idle.add("a:80", 5, now);
  idle.add("b:80", 7, now);
  idle.add("a:80", 6, now);
  EXPECT_EQ(idle.take("a:80"), 6);
  EXPECT_EQ(idle.take("a:80"), 5);
  EXPECT_EQ(idle.take("a:80"), std::nullopt);
  EXPECT_EQ(idle.take("c:80"), std::nullopt);
  EXPECT_EQ(idle.size(), 1U);
}

TEST(IdleConnections, TheLongestIdleIsSurplusFirst) {
  IdleConnections idle;
  const TimePoint now = Clock::now();
  for (int socket = 3; socket < 6; ++socket) idle.add("a:80", socket, now + std::chrono::seconds(socket));
  EXPECT_EQ(idle.surplus(3, now), std::nullopt);
  EXPECT_EQ(idle.surplus(2, now), 3);
  EXPECT_EQ(idle.surplus(3, now + std::chrono::seconds(4)), 3);
  idle.remove(3);
  idle.remove(3);
  EXPECT_EQ(idle.surplus(3, now + std::chrono::seconds(4)), std::nullopt);
  EXPECT_EQ(idle.surplus(0, now), 4);
}

// ---- on sockets

Task<std::vector<Fetched>> fetch_in_turn(std::vector<Request> requests, SessionOptions options) {
  std::vector<Fetched> all;
  Session& session = Session::of_current_loop(options);
  for (Request& request : requests) all.push_back(co_await session.try_fetch(std::move(request)));
  co_return all;
}

std::vector<Fetched> fetch_in_turn_on_loop(std::vector<Request> requests, SessionOptions options = {}) {
  return run(fetch_in_turn(std::move(requests), std::move(options)));
}

TEST(Plain, ARequestThatMayNotBeRepeatedIsNotSentTwice) {
  const RawServer server(ok("x"));  // closes after every answer, without saying that it will
  Request post = request_for(server.url("/post"));
  post.method = "POST";
  const auto fetched = fetch_in_turn_on_loop({request_for(server.url("/get")), post});
  EXPECT_TRUE(fetched[0]);
  // Either the end of the connection was seen before it was used again, or the POST failed: it never came twice.
  if (!fetched[1]) {
    EXPECT_EQ(class_of(fetched[1]), "connect");
  }
  EXPECT_LE(server.requests().size(), 2U);
}

TEST(Plain, AConnectionWithMoreThanTheAnswerIsNotUsedAgain) {
  const RawServer server(answer_all(ok("x") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
  const auto fetched = fetch_in_turn_on_loop({request_for(server.url("/1")), request_for(server.url("/2"))});
  for (const Fetched& one : fetched) {
    ASSERT_TRUE(one) << one.error().message;
    EXPECT_EQ(one->body, "x");
    EXPECT_FALSE(one->timings.reused);
  }
}

TEST(Plain, AnswersThatEndTheConnectionAreNotFollowedByMore) {
  for (const std::string& answer :
       {ok("x", "Connection: close\r\n"), ok("x", "Connection: foo, Close\r\n"), "HTTP/1.0" + ok("x").substr(8)}) {
    const RawServer server(answer_all(answer));
    const auto fetched = fetch_in_turn_on_loop({request_for(server.url("/1")), request_for(server.url("/2"))});
    EXPECT_FALSE(fetched[1]->timings.reused) << answer;
  }
  const RawServer server(answer_all("HTTP/1.0" + ok("x", "Connection: Keep-Alive\r\n").substr(8)));
  const auto fetched = fetch_in_turn_on_loop({request_for(server.url("/1")), request_for(server.url("/2"))});
  EXPECT_TRUE(fetched[1]->timings.reused);
  EXPECT_EQ(fetched[1]->http_version, "1.0");
}

TEST(Plain, AnAnswerBeforeTheRequestIsThroughIsTheAnswer) {
  const RawServer server([](RawConnection& connection) {
    connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    connection.wait_for_close();
  });
  Request post = request_for(server.url());
  post.method = "POST";
  post.body.assign(20'000'000, 'b');
  const Fetched fetched = try_fetch(post);
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->status, 413);
}

TEST(Plain, TheNextAddressIsTriedWhenOneRefuses) {
  const RawServer server(answer_all());
  const std::string port = std::to_string(server.port());
  // Nobody listens at 127.0.0.2.
  const Fetched fetched =
      try_fetch("http://two.test:" + port + "/", {.resolve = {"two.test:" + port + ":127.0.0.2,127.0.0.1"}});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->remote_address, server.authority());
}

TEST(Plain, WithoutAnyAddressThatAnswersItIsConnect) {
  std::string port;
  {
    const RawServer server("");
    port = std::to_string(server.port());
  }
  const Fetched fetched =
      try_fetch("http://two.test:" + port + "/", {.resolve = {"two.test:" + port + ":127.0.0.2,127.0.0.1"}});
  EXPECT_EQ(class_of(fetched), "connect");
  EXPECT_THAT(fetched.error().message, HasSubstr("Connection refused"));
}

TEST(Plain, ALookAtTheLimitsKeepsRequestsThatHaveTime) {
  const RawServer server([](RawConnection& connection) {
    const auto request = connection.read_request();
    if (!request || request->starts_with("GET /never")) return connection.wait_for_close();
    connection.send(ok("x"));
  });
  struct Both {
    static Task<std::vector<Fetched>> of(std::string never, std::string good) {
      Request hopeless = request_for(std::move(never));
      hopeless.limits.max_time = milliseconds(30);
      std::vector<Task<Fetched>> tasks;
      tasks.push_back(fetch_on_loop(hopeless, {}));
      tasks.push_back(fetch_on_loop(request_for(std::move(good)), {}));
      co_return co_await gather(std::move(tasks));
    }
  };
  const auto fetched = run(Both::of(server.url("/never"), server.url("/good")));
  EXPECT_EQ(class_of(fetched[0]), "timeout");
  EXPECT_TRUE(fetched[1]);
}

TEST(Plain, AnEmptyFieldOfTheRequestIsSent) {
  Request request = request_for("http://a.test/x");
  request.headers.add("X-Empty", "");
  request.headers.add("Accept", "text/html");
  std::string text;
  const SessionOptions options{.user_agent = ""};
  http::detail::write_request(text, request, *plain_target(request.url), options);
  EXPECT_EQ(text, "GET /x HTTP/1.1\r\nHost: a.test\r\nX-Empty:\r\nAccept: text/html\r\n\r\n");
}

}  // namespace
}  // namespace overlap::test
