#include <gtest/gtest.h>

#include <overlap/executors/event_loop_executor.hpp>

#include "http/fetching.hpp"
#include "support/nginx.hpp"
#include "support/sanitizers.hpp"

namespace overlap::test {
namespace {

using http::Request;
using http::Response;
using http::SessionOptions;
using HttpVersion = SessionOptions::HttpVersion;

/// One server with its certificates for all tests: making keys takes a while.
class Tls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    nginx_ = new Nginx({.tls = true,
                        .http2 = true,
                        .server = "    location /plain { return 302 http://127.0.0.1:1/; }\n"
                                  "    add_header X-Client-Port $remote_port;"});
    nginx_->write("a", "body");
  }
  static void TearDownTestSuite() {
    delete nginx_;
    nginx_ = nullptr;
  }
  static SessionOptions trusting() { return {.ca_file = nginx_->certificates().ca()}; }

  static inline Nginx* nginx_ = nullptr;
};

TEST_F(Tls, AServerIsTrustedByItsAuthority) {
  const Fetched fetched = try_fetch(nginx_->url("/a"), trusting());
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->body, "body");
  EXPECT_EQ(fetched->http_version, "2");
  EXPECT_GT(fetched->timings.tls, fetched->timings.connect);
}

TEST_F(Tls, AnUnknownAuthorityFailsClosed) {
  const Fetched fetched = try_fetch(nginx_->url("/a"));
  EXPECT_EQ(class_of(fetched), "tls");
  EXPECT_FALSE(fetched.error().may_retry);
}

TEST_F(Tls, AMissingFileOfAuthoritiesFailsClosed) {
  EXPECT_EQ(class_of(try_fetch(nginx_->url("/a"), {.ca_file = "/nonexistent.pem"})), "tls");
}

TEST_F(Tls, ACertificateForAnotherNameFailsClosed) {
  SessionOptions options = trusting();
  const std::string port = std::to_string(nginx_->port());
  options.resolve = {"other.test:" + port + ":127.0.0.1"};
  EXPECT_EQ(class_of(try_fetch("https://other.test:" + port + "/a", options)), "tls");
}

TEST_F(Tls, AnythingIsTrustedOnlyWhenAskedTo) { EXPECT_TRUE(try_fetch(nginx_->url("/a"), {.insecure = true})); }

TEST_F(Tls, ASessionThatTrustsDoesNotLendItsConnectionToOneThatDoesNot) {
  struct Fetch {
    static Task<void> both(SessionOptions trusting, std::string url) {
      const Fetched first = co_await fetch_on_loop(request_for(url), trusting);
      EXPECT_TRUE(first);
      const SessionOptions usual;
      const Fetched second = co_await fetch_on_loop(request_for(url), usual);
      EXPECT_EQ(class_of(second), "tls");
    }
  };
  run(Fetch::both(trusting(), nginx_->url("/a")));
}

TEST_F(Tls, ARedirectToPlainHttpIsRefused) {
  const Fetched fetched = try_fetch(nginx_->url("/plain"), trusting());
  EXPECT_EQ(class_of(fetched), "refused");
  SessionOptions allowing = trusting();
  allowing.allow_insecure_redirects = true;
  EXPECT_EQ(class_of(try_fetch(nginx_->url("/plain"), allowing)), "connect");  // it was followed: nobody is there
}

TEST_F(Tls, Http11IsSpokenWhenAskedFor) {
  SessionOptions options = trusting();
  options.http_version = HttpVersion::http1_1;
  EXPECT_EQ(try_fetch(nginx_->url("/a"), options)->http_version, "1.1");
}

TEST_F(Tls, ManyRequestsAtOnceAllSpeakHttp2) {
  EventLoopExecutor executor;
  std::vector<Future<Fetched>> futures;
  for (int i = 0; i < repetitions(300); ++i)
    futures.push_back(executor.submit(&fetch_on_loop, request_for(nginx_->url("/a")), trusting()));
  for (const auto& future : futures) {
    ASSERT_TRUE(future.result()) << future.result().error().message;
    EXPECT_EQ(future.result()->http_version, "2");
  }
}

TEST_F(Tls, PlainTextToATlsPortIsNoCrash) {
  const std::string url = "http://127.0.0.1:" + std::to_string(nginx_->port()) + "/a";
  EXPECT_EQ(try_fetch(url)->status, 400);
}

TEST_F(Tls, AServerThatSpeaksNoTlsIsTls) {
  const RawServer server([](RawConnection& connection) {
    connection.send("220 hello\r\n");
    connection.wait_for_close();
  });
  EXPECT_EQ(class_of(try_fetch("https://" + server.authority())), "tls");
}

TEST_F(Tls, AConnectionThatBreaksInTheHandshakeMayBeTriedAgain) {
  const RawServer server([](RawConnection&) {});
  const Fetched fetched = try_fetch("https://" + server.authority());
  EXPECT_EQ(class_of(fetched), "connect");
  EXPECT_TRUE(fetched.error().may_retry);
}

TEST(Http2, IsSpokenOverPlainTextWhenAskedFor) {
  const Nginx nginx;
  nginx.write("a", "body");
  const Fetched fetched = try_fetch(nginx.url("/a"), {.http_version = HttpVersion::http2});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->http_version, "1.1");  // this server does not upgrade, and answers all the same
}

}  // namespace
}  // namespace overlap::test
