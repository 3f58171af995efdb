#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include <overlap/core/remote_exception.hpp>

#include "http/fetching.hpp"

namespace overlap::test {
namespace {

using http::ErrorClass;
using http::Failure;
using http::HttpError;
using http::Request;
using http::SessionOptions;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// ---- answers that are wrong

struct BadAnswer {
  const char* name;
  std::string answer;
  std::string error_class;
  bool may_retry = false;
};

void PrintTo(const BadAnswer& bad, std::ostream* out) { *out << bad.name; }

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kGzip = kOk + "Content-Encoding: gzip\r\n";
const std::string kHello = std::string(  // "hello" by gzip
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00", 25);

std::string with_length(const std::string& head, const std::string& body) {
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<BadAnswer> bad_answers() {
  std::string corrupt = kHello;
  corrupt[12] = '\x00';
  std::string miscounted = kHello;
  miscounted[17] = '\x00';
  return {
      {"ShorterThanItsLength", kOk + "Content-Length: 10\r\n\r\nhello", "truncated", true},
      {"ChunksWithoutAnEnd", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "protocol", true},
      {"CutWithinAChunk", kOk + "Transfer-Encoding: chunked\r\n\r\n50\r\nhello\r\n", "protocol", true},
      {"ChunkSizeThatIsNone", kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", "protocol"},
      {"ChunkSizeTooLarge", kOk + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\nx\r\n0\r\n\r\n",
       "protocol"},
      {"ChunkWithoutLineEnd", kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloxx0\r\n\r\n", "protocol"},
      {"TwoLengths", kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "protocol"},
      {"LengthTwice", kOk + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "protocol"},
      {"ListOfLengths", kOk + "Content-Length: 5, 5\r\n\r\nhello", "protocol"},
      {"NegativeLength", kOk + "Content-Length: -5\r\n\r\nhello", "protocol"},
      {"LengthAndChunks", kOk + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       "protocol"},
      {"NulInAHeader", kOk + std::string("X: a\0b\r\n", 8) + "Content-Length: 0\r\n\r\n", "protocol"},
      {"BareCrInAHeader", kOk + "X: a\rb\r\nContent-Length: 0\r\n\r\n", "protocol"},
      {"HeaderWithoutColon", kOk + "Nonsense\r\nContent-Length: 0\r\n\r\n", "protocol"},
      {"SpaceBeforeColon", kOk + "Content-Length : 5\r\n\r\nhello", "protocol"},
      {"HugeHeader", kOk + "X: " + std::string(200'000, 'a') + "\r\n\r\n", "protocol"},
      {"ManyHeaders",
       [] {
         std::string text = kOk;
         for (int i = 0; i < 1000; ++i) text += "X: " + std::string(1000, 'a') + "\r\n";
         return text + "\r\n";
       }(),
       "protocol"},
      {"NotHttp", "hello there\r\n\r\n", "protocol"},
      {"UnknownVersion", "HTTP/7.1 200 OK\r\n\r\n", "protocol"},
      {"StatusOfFourDigits", "HTTP/1.1 2000 OK\r\n\r\n", "protocol"},
      {"NoAnswer", "", "connect", true},
      {"EndWithinTheHead", kOk + "X: ", "truncated", true},
      {"OnlyAnInterimAnswer", "HTTP/1.1 103 Early Hints\r\n\r\n", "truncated", true},
      {"GzipThatIsNone", with_length(kGzip, "hello"), "decode"},
      {"GzipCutShort", with_length(kGzip, kHello.substr(0, 14)), "decode"},
      {"GzipWithoutItsEnd", with_length(kGzip, kHello.substr(0, 21)), "decode"},
      {"GzipCorrupted", with_length(kGzip, corrupt), "decode"},
      {"GzipWithWrongChecksum", with_length(kGzip, miscounted), "decode"},
      {"GzipWithMoreBehind", with_length(kGzip, kHello + "more"), "decode"},
      {"UnknownEncoding", with_length(kOk + "Content-Encoding: zork\r\n", "hello"), "decode"},
      {"EncodingNotAskedFor", with_length(kOk + "Content-Encoding: br\r\n", "hello"), "decode"},
      {"StackedEncodings", with_length(kOk + "Content-Encoding: gzip, gzip\r\n", kHello), "decode"},
      {"StackedEncodingsInTwoHeaders",
       with_length(kOk + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", kHello), "decode"},
  };
}

class BadAnswers : public testing::TestWithParam<BadAnswer> {};

TEST_P(BadAnswers, AreFailuresOfTheirClass) {
  const RawServer server(GetParam().answer);
  const Fetched fetched = try_fetch(server.url("/x"), {.compressed = true});
  ASSERT_FALSE(fetched) << "status " << fetched->status << ", body " << fetched->body;
  EXPECT_EQ(to_string(fetched.error().error_class), GetParam().error_class) << fetched.error().message;
  EXPECT_EQ(fetched.error().may_retry, GetParam().may_retry) << fetched.error().message;
  EXPECT_THAT(fetched.error().message, StartsWith(server.url("/x") + ": "));
}

INSTANTIATE_TEST_SUITE_P(All, BadAnswers, testing::ValuesIn(bad_answers()),
                         [](const auto& test) { return test.param.name; });

TEST(Decoding, GzipBodiesAreDecoded) {
  const std::vector<std::string> bodies = {kHello, kHello + kHello, ""};
  const std::vector<std::string> expected = {"hello", "hellohello", ""};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const RawServer server(with_length(kGzip, bodies[i]));
    const Fetched fetched = try_fetch(server.url(), {.compressed = true});
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_EQ(fetched->body, expected[i]);
    EXPECT_EQ(fetched->wire_bytes, bodies[i].size());
  }
}

TEST(Decoding, DeflateIsTakenWithAndWithoutItsFrame) {
  const std::string bare("\xcb\x48\xcd\xc9\xc9\x07\x00", 7);
  const std::string framed = "\x78\x9c" + bare + std::string("\x06\x2c\x02\x15", 4);
  for (const std::string& body : {bare, framed}) {
    const RawServer server(with_length(kOk + "Content-Encoding: deflate\r\n", body));
    const Fetched fetched = try_fetch(server.url(), {.compressed = true});
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_EQ(fetched->body, "hello");
  }
  const RawServer cut(with_length(kOk + "Content-Encoding: deflate\r\n", bare.substr(0, 5)));
  EXPECT_EQ(class_of(try_fetch(cut.url(), {.compressed = true})), "decode");
}

TEST(Decoding, ABodyThatNobodyAskedToBeCompressedIsLeftAsItIs) {
  const RawServer server(with_length(kGzip, kHello));
  EXPECT_EQ(try_fetch(server.url())->body, kHello);
}

TEST(Failures, AResetInTheBodyIsTruncated) {
  const RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.send(kOk + "Content-Length: 10\r\n\r\nhello");
    connection.reset();
  });
  const Fetched fetched = try_fetch(server.url());
  EXPECT_EQ(class_of(fetched), "truncated");
  EXPECT_TRUE(fetched.error().may_retry);
}

// ---- no connection

TEST(Failures, ARefusedConnectionIsConnect) {
  std::string url;
  {
    const RawServer server("");
    url = server.url();
  }
  const Fetched fetched = try_fetch(url);
  EXPECT_EQ(class_of(fetched), "connect");
  EXPECT_TRUE(fetched.error().may_retry);
}

TEST(Failures, AnUnknownNameIsDns) {
  const Fetched fetched = try_fetch("http://nosuch.invalid/");
  EXPECT_EQ(class_of(fetched), "dns");
}

TEST(Failures, AServerThatNeverAnswersIsATimeout) {
  const RawServer server([](RawConnection& connection) { connection.wait_for_close(); });
  Request request = request_for(server.url());
  request.limits.max_time = milliseconds(50);
  const Fetched fetched = try_fetch(request);
  EXPECT_EQ(class_of(fetched), "timeout");
  EXPECT_TRUE(fetched.error().may_retry);
}

/// A listening socket that has all the connections it takes.
class FullListener {
 public:
  FullListener() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    bind(listener_, generic(), size);
    listen(listener_, 0);
    getsockname(listener_, generic(), &size);
    for (int& client : clients_) {
      client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      connect(client, generic(), size);
    }
  }
  ~FullListener() {
    for (const int client : clients_) close(client);
    close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/"; }

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  sockaddr_in address_{};
  int listener_;
  std::array<int, 4> clients_{};
};

TEST(Failures, AConnectThatNeverSucceedsIsATimeout) {
  const FullListener listener;
  Request request = request_for(listener.url());
  request.limits.connect_timeout = milliseconds(100);
  EXPECT_EQ(class_of(try_fetch(request)), "timeout");
}

TEST(Failures, ABodyThatTricklesIsATimeout) {
  const RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.send(kOk + "Content-Length: 1000000\r\n\r\n");
    connection.wait_for_close();
  });
  Request request = request_for(server.url());
  request.limits.low_speed_bytes = 1000;
  request.limits.low_speed_time = milliseconds(1);  // a second at least
  EXPECT_EQ(class_of(try_fetch(request)), "timeout");
}

TEST(Failures, PrivateAddressesAreRefusedWhenBlocked) {
  const RawServer server(ok("x"));
  const std::string port = std::to_string(server.port());
  for (const std::string host : {"127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"}) {
    const Fetched fetched = try_fetch("http://" + host + ":" + port, {.block_private = true});
    EXPECT_EQ(class_of(fetched), "refused") << host;
  }
  EXPECT_EQ(server.connections(), 0U);
}

// ---- limits

TEST(Failures, ABodyLongerThanAllowedIsTooLarge) {
  const std::string body(100, 'a');
  for (const std::string& answer : {ok(body), kOk + "Connection: close\r\n\r\n" + body}) {
    const RawServer server(answer);
    Request request = request_for(server.url());
    request.limits.max_bytes = 99;
    const Fetched fetched = try_fetch(request);
    EXPECT_EQ(class_of(fetched), "too_large");
    EXPECT_FALSE(fetched.error().may_retry);
    request.limits.max_bytes = 100;
    EXPECT_TRUE(try_fetch(request));
  }
}

TEST(Failures, TheLimitCountsDecodedBytes) {
  const RawServer server(with_length(kGzip, kHello));
  Request request = request_for(server.url());
  request.limits.max_bytes = 4;
  EXPECT_EQ(class_of(try_fetch(request, {.compressed = true})), "too_large");
  request.limits.max_bytes = 5;
  EXPECT_TRUE(try_fetch(request, {.compressed = true}));
}

// ---- requests that are wrong

TEST(Failures, OnlyHttpAndHttpsAreFetched) {
  for (const char* const url : {"ftp://h/x", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "gopher://h"}) {
    EXPECT_EQ(class_of(try_fetch(url)), "refused") << url;
  }
}

TEST(Failures, WhatIsNoUrlIsBadInput) {
  for (const std::string url :
       {"", "example.com", "example.com:80/x", "http:", "http://", "http:///x", "/x", "http:/h/x", "http://h ost/",
        "http://h:99999/", "http://[::1/", "http://a\\@b/", "http://h/\r\nX: y"}) {
    EXPECT_EQ(class_of(try_fetch(url)), "bad_input") << url;
  }
}

TEST(Failures, AHeaderThatWouldBreakTheRequestIsBadInput) {
  const RawServer server(ok("x"));
  for (const auto& value : std::vector<std::string>{"a\r\nInjected: b", "a\nb", "a\rb", std::string("a\0b", 3)}) {
    Request request = request_for(server.url());
    request.headers.add("X", value);
    EXPECT_EQ(class_of(try_fetch(request)), "bad_input");
  }
  Request request = request_for(server.url());
  request.headers.add("X: a\r\nInjected", "b");
  EXPECT_EQ(class_of(try_fetch(request)), "bad_input");
  request = request_for(server.url());
  request.method = "GET / HTTP/1.1\r\nX: y\r\n\r\nGET";
  EXPECT_EQ(class_of(try_fetch(request)), "bad_input");
  for (const char* const name : {"content-length", "Transfer-Encoding"}) {
    request = request_for(server.url());
    request.headers.add(name, "3");
    EXPECT_EQ(class_of(try_fetch(request)), "bad_input") << name;
  }
  EXPECT_EQ(server.connections(), 0U);
  Loop loop;
  EXPECT_THROW(http::Session(loop, {.user_agent = "a\r\nInjected: b"}), std::invalid_argument);
}

TEST(Failures, NoMessageHasThePassword) {
  const RawServer server("");
  for (const std::string& url :
       {"http://me:secret@" + server.authority() + "/x", std::string("http://me:secret@nosuch.invalid/"),
        std::string("ftp://me:secret@h/"), std::string("me:secret@host/path"), std::string("http://me:secret@h ost/"),
        std::string("http://me:sec/secret@host/"), std::string("http:/me:secret@host/"),
        std::string("http://me:secret@/"), std::string("http://me:secret@h:99999/")}) {
    const Fetched fetched = try_fetch(url);
    ASSERT_FALSE(fetched) << url;
    EXPECT_THAT(fetched.error().message, Not(HasSubstr("secret"))) << url;
    EXPECT_THAT(fetched.error().message, Not(HasSubstr("me:"))) << url;
  }
}

// ---- HttpError

TEST(HttpError, IsThrownByFetch) {
  const RawServer server("");
  try {
    run(http::get(server.url()));
    FAIL();
  } catch (const HttpError& error) {
    EXPECT_EQ(error.error_class, ErrorClass::connect);
    EXPECT_TRUE(error.may_retry);
    EXPECT_THAT(error.what(), StartsWith("connect: " + server.url() + ": "));
  }
}

TEST(HttpError, KeepsItsClassAcrossAProcessBoundary) {
  const Failure failure{.error_class = ErrorClass::too_large, .message = "http://h/: too much"};
  overlap::detail::Encoder out;
  overlap::detail::encode_exception(out, std::make_exception_ptr(HttpError(failure)));
  overlap::detail::Decoder in(out.bytes());
  try {
    std::rethrow_exception(overlap::detail::decode_exception(in));
  } catch (const HttpError& error) {
    EXPECT_EQ(error.error_class, ErrorClass::too_large);
    EXPECT_STREQ(error.what(), "too_large: http://h/: too much");
  }
}

TEST(HttpError, EveryClassHasItsName) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::interrupted); ++i) {
    const auto error_class = static_cast<ErrorClass>(i);
    EXPECT_EQ(HttpError(std::string(to_string(error_class)) + ": why").error_class, error_class);
  }
}

}  // namespace
}  // namespace overlap::test
