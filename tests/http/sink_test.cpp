#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/fetching.hpp"
#include "support/nginx.hpp"

namespace overlap::test {
namespace {

using http::ErrorClass;
using http::Failure;
using http::Request;
using http::Response;
using testing::ElementsAre;

Failure disk_failure() { return {.error_class = ErrorClass::disk, .message = "no room"}; }

/// Writes down how it is called, and fails where it is told to.
class RecordingSink final : public http::Sink {
 public:
  std::expected<void, Failure> begin(const Response& head) override {
    calls.push_back("begin " + std::to_string(head.status));
    address = head.remote_address;
    return step("begin");
  }
  std::expected<void, Failure> write(std::span<const std::byte> piece) override {
    body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (calls.back() != "write") calls.push_back("write");
    return step("write");
  }
  std::expected<void, Failure> end() override {
    calls.push_back("end");
    return step("end");
  }

  std::vector<std::string> calls;
  std::string body;
  std::string address;
  std::string fails_in;
  std::string throws_in;

 private:
  std::expected<void, Failure> step(const std::string& name) const {
    if (name == throws_in) throw std::runtime_error("thrown in " + name);
    if (name == fails_in) return std::unexpected(disk_failure());
    return {};
  }
};

Fetched fetch_into(RecordingSink& sink, Request request, http::SessionOptions options = {}) {
  request.sink = &sink;
  return try_fetch(std::move(request), std::move(options));
}

TEST(Sink, TakesTheBodyBetweenBeginAndEnd) {
  const std::string body(1'000'000, 'b');
  const Nginx nginx;
  nginx.write("a", body);
  RecordingSink sink;
  const Fetched fetched = fetch_into(sink, request_for(nginx.url("/a")));
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_THAT(sink.calls, ElementsAre("begin 200", "write", "end"));
  EXPECT_TRUE(sink.body == body);
  EXPECT_EQ(sink.address, "127.0.0.1:" + std::to_string(nginx.port()));
  EXPECT_EQ(fetched->body, "");
  EXPECT_EQ(fetched->body_bytes, body.size());
}

TEST(Sink, BeginsAndEndsWithoutABodyToo) {
  for (const std::string& answer : {ok(""), std::string("HTTP/1.1 204 No Content\r\n\r\n")}) {
    const RawServer server(answer);
    RecordingSink sink;
    ASSERT_TRUE(fetch_into(sink, request_for(server.url())));
    EXPECT_EQ(sink.calls.size(), 2U);
  }
}

TEST(Sink, ItsFailureIsTheResult) {
  const RawServer server(ok("hello"));
  for (const std::string where : {"begin", "write", "end"}) {
    RecordingSink sink;
    sink.fails_in = where;
    const Fetched fetched = fetch_into(sink, request_for(server.url()));
    ASSERT_EQ(class_of(fetched), "disk") << where;
    EXPECT_EQ(fetched.error().message, "no room");
    EXPECT_TRUE(sink.calls.back().starts_with(where));
  }
}

TEST(Sink, WhatItThrowsIsThrown) {
  const RawServer server(ok("hello"));
  for (const std::string where : {"begin", "write", "end"}) {
    RecordingSink sink;
    sink.throws_in = where;
    EXPECT_THROW(fetch_into(sink, request_for(server.url())), std::runtime_error) << where;
  }
}

TEST(Sink, IsNotEndedWhenTheBodyIsNotWhole) {
  const RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  RecordingSink sink;
  EXPECT_EQ(class_of(fetch_into(sink, request_for(server.url()))), "truncated");
  EXPECT_THAT(sink.calls, ElementsAre("begin 200", "write"));
}

TEST(Sink, SeesOnlyTheFinalResponse) {
  const RawServer server([](RawConnection& connection) {
    while (const auto request = connection.read_request()) {
      const bool first = request->starts_with("GET /first");
      connection.send(first ? "HTTP/1.1 302 Found\r\nLocation: /second\r\nContent-Length: 4\r\n\r\nbody" : ok("final"));
    }
  });
  RecordingSink sink;
  ASSERT_TRUE(fetch_into(sink, request_for(server.url("/first"))));
  EXPECT_THAT(sink.calls, ElementsAre("begin 200", "write", "end"));
  EXPECT_EQ(sink.body, "final");
}

TEST(Sink, TakesDecodedBytes) {
  const std::string body(100'000, 'z');
  const Nginx nginx({.server = "    gzip on; gzip_types *; gzip_min_length 1;"});
  nginx.write("a", body);
  RecordingSink sink;
  const Fetched fetched = fetch_into(sink, request_for(nginx.url("/a")), {.compressed = true});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_TRUE(sink.body == body);
  EXPECT_LT(fetched->wire_bytes, fetched->body_bytes);
}

}  // namespace
}  // namespace overlap::test
