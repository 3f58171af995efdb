#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <overlap/async/gather.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "http/fetching.hpp"
#include "support/nginx.hpp"
#include "support/raw_server.hpp"
#include "support/sanitizers.hpp"

namespace overlap::test {
namespace {

using http::Request;
using http::Response;
using http::Session;
using http::SessionOptions;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Session, GetGivesStatusHeadersAndBody) {
  const Nginx nginx;
  nginx.write("page.html", "<p>hello");
  const Response response = run(http::get(nginx.url("/page.html")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "<p>hello");
  EXPECT_EQ(response.headers.get("content-TYPE"), "text/html");
  EXPECT_EQ(response.http_version, "1.1");
  EXPECT_EQ(response.final_url, nginx.url("/page.html"));
  EXPECT_EQ(response.remote_address, "127.0.0.1:" + std::to_string(nginx.port()));
  EXPECT_EQ(response.body_bytes, 8U);
  EXPECT_EQ(response.wire_bytes, 8U);
  EXPECT_FALSE(response.timings.reused);
  EXPECT_GT(response.timings.total, Duration::zero());
}

TEST(Session, AStatusOf404IsAResponse) {
  const Nginx nginx;
  EXPECT_EQ(run(http::get(nginx.url("/nothing"))).status, 404);
}

TEST(Session, RepeatedHeadersAreKeptInOrder) {
  const RawServer server(ok("x", "Set-Cookie: a=1\r\nX: y\r\nset-cookie: b=2\r\nLong: begins\r\n  and goes on\r\n"));
  const Fetched fetched = try_fetch(server.url());
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->headers.count("Set-Cookie"), 2U);
  EXPECT_EQ(fetched->headers.get("set-cookie"), "a=1");
  EXPECT_EQ(fetched->headers.begin()[2].value, "b=2");
  EXPECT_EQ(fetched->headers.get("long"), "begins and goes on");
}

TEST(Session, InterimResponsesAndTrailersAreNotTheResponse) {
  const RawServer server(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n");
  const Fetched fetched = try_fetch(server.url());
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->status, 200);
  EXPECT_EQ(fetched->body, "hello");
  EXPECT_EQ(fetched->headers.size(), 1U);
}

std::string client_port(const Response& response) { return std::string(*response.headers.get("X-Client-Port")); }

Nginx::Options telling_ports() { return {.server = "    add_header X-Client-Port $remote_port;"}; }

void expect_one_connection(Executor& executor, const Nginx& nginx) {
  nginx.write("a", "a");
  const Response first = executor.submit(&http::get, nginx.url("/a")).result();
  for (int i = 0; i < 5; ++i) {
    const Response next = executor.submit(&http::get, nginx.url("/a")).result();
    EXPECT_EQ(client_port(next), client_port(first));
    EXPECT_TRUE(next.timings.reused);
  }
}

TEST(Session, TasksOneAfterAnotherShareAConnectionInline) {
  const Nginx nginx(telling_ports());
  InlineExecutor executor;
  expect_one_connection(executor, nginx);
}

TEST(Session, TasksOneAfterAnotherShareAConnectionOnAThread) {
  const Nginx nginx(telling_ports());
  ThreadPoolExecutor executor({.max_workers = 1});
  expect_one_connection(executor, nginx);
}

TEST(Session, TasksOneAfterAnotherShareAConnectionOnALoop) {
  const Nginx nginx(telling_ports());
  EventLoopExecutor executor;
  expect_one_connection(executor, nginx);
}

TEST(Session, EveryThreadOfAPoolHasASessionOfItsOwn) {
  const Nginx nginx;
  nginx.write("a", "a");
  ThreadPoolExecutor executor({.max_workers = 4});
  std::vector<Future<Response>> futures;
  for (int i = 0; i < repetitions(400); ++i) futures.push_back(executor.submit(&http::get, nginx.url("/a")));
  std::size_t connections = 0;
  for (const auto& future : futures) connections += future.result().timings.reused ? 0 : 1;
  EXPECT_LE(connections, 4U);
}

TEST(Session, AThousandRequestsAtOnceOnOneLoop) {
  raise_descriptor_limit();
  const Nginx nginx;
  nginx.write("a", "body");
  EventLoopExecutor executor;
  std::vector<Future<Response>> futures;
  for (int i = 0; i < repetitions(1000); ++i) futures.push_back(executor.submit(&http::get, nginx.url("/a")));
  for (const auto& future : futures) EXPECT_EQ(future.result().body, "body");
}

TEST(Session, ALargeBodyComesWhole) {
  std::string body(4 * 1024 * 1024, '\0');
  std::mt19937 random(1);
  for (char& c : body) c = static_cast<char>(random());
  const Nginx nginx;
  nginx.write("large", body);
  const Response response = run(http::get(nginx.url("/large")));
  EXPECT_TRUE(response.body == body);
  EXPECT_EQ(response.body_bytes, body.size());
}

TEST(Session, ACompressedBodyIsDecoded) {
  const Nginx nginx({.server = "    gzip on; gzip_types *; gzip_min_length 1;"});
  const std::string body(100'000, 'a');
  nginx.write("a.txt", body);
  const Fetched fetched = try_fetch(nginx.url("/a.txt"), {.compressed = true});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->headers.get("Content-Encoding"), "gzip");
  EXPECT_TRUE(fetched->body == body);
  EXPECT_EQ(fetched->body_bytes, body.size());
  EXPECT_LT(fetched->wire_bytes, 1000U);
  EXPECT_FALSE(try_fetch(nginx.url("/a.txt"))->headers.contains("Content-Encoding"));
}

TEST(Session, HeadHasHeadersAndNoBody) {
  const Nginx nginx;
  nginx.write("a", "12345");
  Request request = request_for(nginx.url("/a"));
  request.method = "HEAD";
  const Fetched fetched = try_fetch(std::move(request));
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->headers.get("Content-Length"), "5");
  EXPECT_EQ(fetched->body, "");
}

Task<void> fetch_all(std::vector<Request> requests, SessionOptions options) {
  Session& session = Session::of_current_loop(options);
  for (Request& request : requests) (void)co_await session.fetch(std::move(request));
}

TEST(Session, WhatOneRequestSetsTheNextDoesNotSend) {
  const RawServer recorder(answer_all());
  Request post = request_for(recorder.url("/post"));
  post.method = "POST";
  post.body = "the body";
  post.headers.add("X-Mine", "1");
  post.user = "me";
  post.password = "secret";
  Request del = request_for(recorder.url("/delete"));
  del.method = "DELETE";
  Request put = request_for(recorder.url("/put"));
  put.method = "PUT";
  put.body = "other";
  put.headers.add("Content-Type", "text/plain");
  run(fetch_all({post, request_for(recorder.url("/get")), del, put, request_for(recorder.url("/last"))}, {}));

  const auto sent = recorder.requests();
  ASSERT_EQ(sent.size(), 5U);
  EXPECT_THAT(sent[0], StartsWith("POST /post HTTP/1.1\r\n"));
  EXPECT_THAT(sent[0], HasSubstr("\r\nX-Mine: 1\r\n"));
  EXPECT_THAT(sent[0], HasSubstr("\r\nContent-Length: 8\r\n"));
  EXPECT_THAT(sent[0], HasSubstr("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
  EXPECT_THAT(sent[0], EndsWith("\r\n\r\nthe body"));
  EXPECT_THAT(sent[0], Not(HasSubstr("Content-Type")));
  const std::string plain = " HTTP/1.1\r\nHost: " + recorder.authority() +
                            "\r\nUser-Agent: " + http::default_user_agent() + "\r\nAccept: */*\r\n\r\n";
  EXPECT_EQ(sent[1], "GET /get" + plain);
  EXPECT_EQ(sent[2], "DELETE /delete" + plain);
  EXPECT_THAT(sent[3], StartsWith("PUT /put HTTP/1.1\r\n"));
  EXPECT_THAT(sent[3], HasSubstr("\r\nContent-Type: text/plain\r\n"));
  EXPECT_THAT(sent[3], EndsWith("\r\n\r\nother"));
  EXPECT_EQ(sent[4], "GET /last" + plain);
  EXPECT_EQ(recorder.connections(), 1U);
}

TEST(Session, ALargePostIsSentWithoutWaitingForLeave) {
  const RawServer recorder(answer_all());
  Request post = request_for(recorder.url());
  post.method = "POST";
  post.body.assign(3'000'000, 'b');
  ASSERT_TRUE(try_fetch(post));
  EXPECT_THAT(recorder.requests().at(0), Not(HasSubstr("Expect")));
  EXPECT_THAT(recorder.requests().at(0), EndsWith("\r\n\r\n" + post.body));
}

TEST(Session, ARequestsOwnHeadersTakeThePlaceOfTheSessions) {
  const RawServer recorder(answer_all());
  Request request = request_for(recorder.url());
  request.headers.add("User-Agent", "mine");
  request.headers.add("X-Empty", "");
  ASSERT_TRUE(try_fetch(std::move(request), {.user_agent = "session"}));
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nUser-Agent: mine\r\n"));
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nX-Empty:\r\n"));
  EXPECT_THAT(recorder.requests().at(0), Not(HasSubstr("session")));
}

TEST(Session, UserAndPasswordOfAUrlAreUsedAndNotShown) {
  const RawServer recorder(answer_all());
  const std::string url = "http://me:se%63ret@" + recorder.authority() + "/a";
  const Fetched fetched = try_fetch(url);
  ASSERT_TRUE(fetched);
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
  EXPECT_EQ(fetched->final_url, recorder.url("/a"));
}

TEST(Session, TheSessionsUserIsSentUnlessTheRequestSaysNo) {
  const RawServer recorder(answer_all());
  Request anonymous = request_for(recorder.url());
  anonymous.session_credentials = false;
  run(fetch_all({request_for(recorder.url()), anonymous}, {.user = "me", .password = "secret"}));
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
  EXPECT_THAT(recorder.requests().at(1), Not(HasSubstr("Authorization")));
}

TEST(Session, UserAndPasswordComeFromANetrcFile) {
  const RawServer recorder(answer_all());
  const TemporaryDirectory directory;
  directory.write("netrc", "machine 127.0.0.1 login me password secret\n");
  Request anonymous = request_for(recorder.url());
  anonymous.session_credentials = false;
  run(fetch_all({request_for(recorder.url()), anonymous}, {.netrc_file = directory.file("netrc")}));
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
  EXPECT_THAT(recorder.requests().at(1), Not(HasSubstr("Authorization")));
}

TEST(Session, TheSameOptionsAreTheSameSession) {
  struct Check {
    static Task<void> all() {
      EXPECT_EQ(&Session::of_current_loop(), &Session::of_current_loop());
      EXPECT_EQ(&Session::of_current_loop({.compressed = true}), &Session::of_current_loop({.compressed = true}));
      EXPECT_NE(&Session::of_current_loop(), &Session::of_current_loop({.compressed = true}));
      co_return;
    }
  };
  run(Check::all());
  EXPECT_THROW(Session::of_current_loop(), std::logic_error);
}

TEST(Session, ADeadKeptConnectionIsReplaced) {
  const RawServer server(ok("x"));  // closes the connection after every answer, without saying that it will
  run(fetch_all({request_for(server.url("/1")), request_for(server.url("/2")), request_for(server.url("/3"))}, {}));
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(Session, GivenAddressesTakeThePlaceOfALookup) {
  const RawServer recorder(answer_all());
  const std::string port = std::to_string(recorder.port());
  const std::vector<std::string> resolve = {"one.test:" + port + ":127.0.0.1", "two.test:" + port + ":127.0.0.1"};
  run(fetch_all({request_for("http://one.test:" + port), request_for("http://two.test:" + port),
                 request_for("http://one.test:" + port + "/again")},
                {.resolve = resolve}));
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nHost: one.test:" + port));
  EXPECT_THAT(recorder.requests().at(1), HasSubstr("\r\nHost: two.test:" + port));
  EXPECT_EQ(recorder.connections(), 2U);
}

TEST(Session, AProxyIsAskedInstead) {
  const RawServer proxy(answer_all());
  ASSERT_TRUE(try_fetch("http://nosuch.invalid/path", {.proxy = proxy.url()}));
  EXPECT_THAT(proxy.requests().at(0), StartsWith("GET http://nosuch.invalid/path HTTP/1.1\r\n"));
}

TEST(Session, TheDefaultOptionsAreThoseOfGet) {
  const RawServer recorder(answer_all());
  http::set_default_options({.user_agent = "by default"});
  run(http::get(recorder.url()));
  http::set_default_options({});
  EXPECT_THAT(recorder.requests().at(0), HasSubstr("\r\nUser-Agent: by default\r\n"));
}

TEST(Session, BelongsToOneLoop) {
  struct Use {
    static Task<Response> of(Session* session, std::string url) {
      co_return co_await session->fetch(request_for(std::move(url)));
    }
  };
  Loop loop;
  Session session(loop);
  EXPECT_THROW(run(Use::of(&session, "http://127.0.0.1/")), std::logic_error);
}

}  // namespace
}  // namespace overlap::test
