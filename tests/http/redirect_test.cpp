#include <overlap/http/redirect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "http/fetching.hpp"

namespace overlap::test {
namespace {

using http::redirected;
using http::Request;
using http::Response;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Response redirect_to(const std::string& location, int status = 302) {
  Response response;
  response.status = status;
  if (!location.empty()) response.headers.add("Location", location);
  return response;
}

std::string followed(const std::string& from, const std::string& location) {
  const auto next = redirected(request_for(from), redirect_to(location));
  return next ? next->url : std::string(to_string(next.error().error_class));
}

TEST(Redirected, ResolvesTheLocationAgainstTheUrl) {
  EXPECT_EQ(followed("http://h/a/b?q", "/c"), "http://h/c");
  EXPECT_EQ(followed("http://h/a/b?q", "c"), "http://h/a/c");
  EXPECT_EQ(followed("http://h/a/b?q", "../c"), "http://h/c");
  EXPECT_EQ(followed("http://h/a/b?q", "?r"), "http://h/a/b?r");
  EXPECT_EQ(followed("http://h/a", "//other/x"), "http://other/x");
  EXPECT_EQ(followed("http://h/a", "https://other/x"), "https://other/x");
  EXPECT_EQ(followed("http://h/a", "/with space"), "http://h/with%20space");
  EXPECT_EQ(followed("http://h/a", "/\xc3\xbc"), "http://h/%c3%bc");
}

TEST(Redirected, RefusesWhatIsNotFetched) {
  EXPECT_EQ(followed("http://h/", "file:///etc/passwd"), "refused");
  EXPECT_EQ(followed("http://h/", "ftp://h/"), "refused");
  EXPECT_EQ(followed("http://h/", "gopher://h/"), "refused");
  EXPECT_EQ(followed("https://h/", "http://h/"), "refused");
  EXPECT_EQ(followed("http://h/", ""), "redirect");
  EXPECT_EQ(followed("http://h/", "http://"), "redirect");
  EXPECT_EQ(followed("http://h/", "http://h:99999/"), "redirect");
  const auto allowed = redirected(request_for("https://h/"), redirect_to("http://h/"), {.allow_insecure = true});
  EXPECT_EQ(allowed->url, "http://h/");
}

Request with_secrets(const std::string& url) {
  Request request = request_for(url);
  request.headers = {{"Authorization", "Bearer t"},
                     {"Cookie", "c=1"},
                     {"X-Token", "t"},
                     {"Accept", "image/png"},
                     {"range", "bytes=5-"}};
  request.user = "me";
  request.password = "secret";
  return request;
}

TEST(Redirected, TakesNothingSecretToAnotherOrigin) {
  for (const std::string location :
       {"http://other/", "http://h:81/", "https://h/", "http://h.evil/", "//other/", "http://me:pw@other/"}) {
    const auto next = redirected(with_secrets("http://h/a"), redirect_to(location));
    ASSERT_TRUE(next) << location;
    EXPECT_EQ(next->headers, (http::Headers{{"Accept", "image/png"}, {"range", "bytes=5-"}})) << location;
    EXPECT_NE(next->password, "secret") << location;
    EXPECT_FALSE(next->session_credentials) << location;
  }
}

TEST(Redirected, KeepsEverythingWithinTheOrigin) {
  for (const std::string location : {"/b", "http://h/b", "HTTP://H:80/b", "//h/b"}) {
    const auto next = redirected(with_secrets("http://h/a"), redirect_to(location));
    ASSERT_TRUE(next) << location;
    EXPECT_EQ(next->headers.size(), 5U) << location;
    EXPECT_EQ(next->password, "secret") << location;
    EXPECT_TRUE(next->session_credentials) << location;
  }
  const auto next = redirected(request_for("http://me:secret@h/a"), redirect_to("/b"));
  EXPECT_EQ(next->url, "http://h/b");
  EXPECT_EQ(next->password, "secret");
}

TEST(Redirected, TheUserOfALocationIsUsedAndNotShown) {
  const auto next = redirected(request_for("http://h/a"), redirect_to("http://me:secret@other/"));
  EXPECT_EQ(next->url, "http://other/");
  EXPECT_EQ(next->user, "me");
  EXPECT_EQ(next->password, "secret");
}

TEST(Redirected, PostBecomesGetWhereBrowsersSaySo) {
  for (const int status : {301, 302, 303, 307, 308}) {
    Request post = request_for("http://h/");
    post.method = "POST";
    post.body = "body";
    post.headers.add("Content-Type", "text/plain");
    const auto next = redirected(post, redirect_to("/b", status));
    const bool stays = status == 307 || status == 308;
    EXPECT_EQ(next->method, stays ? "POST" : "GET") << status;
    EXPECT_EQ(next->body, stays ? "body" : "") << status;
    EXPECT_EQ(next->headers.contains("Content-Type"), stays) << status;
  }
  Request head = request_for("http://h/");
  head.method = "HEAD";
  EXPECT_EQ(redirected(head, redirect_to("/b", 303))->method, "HEAD");
  Request put = request_for("http://h/");
  put.method = "PUT";
  EXPECT_EQ(redirected(put, redirect_to("/b", 302))->method, "PUT");
  EXPECT_EQ(redirected(put, redirect_to("/b", 303))->method, "GET");
}

TEST(SameOrigin, IsSchemeHostAndPort) {
  EXPECT_TRUE(http::same_origin("http://h/a", "HTTP://H:80/b"));
  EXPECT_FALSE(http::same_origin("http://h/", "https://h/"));
  EXPECT_FALSE(http::same_origin("http://h/", "http://h:81/"));
  EXPECT_FALSE(http::same_origin("not a URL", "not a URL"));
}

// ---- followed by a session

RawServer::Script from_one_to_the_end() {
  return [](RawConnection& connection) {
    while (const auto request = connection.read_request()) {
      const std::string host = request->substr(request->find("Host: ") + 6);
      std::string location;
      if (request->starts_with("GET /dir/one")) location = "two";
      if (request->starts_with("GET /dir/two")) location = "http://" + host.substr(0, host.find('\r')) + "/end";
      connection.send(location.empty()
                          ? ok("the end")
                          : "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 4\r\n\r\nbody");
    }
  };
}

TEST(Redirects, AreFollowedToTheEnd) {
  const RawServer server(from_one_to_the_end());
  const Fetched fetched = try_fetch(server.url("/dir/one"));
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->body, "the end");
  EXPECT_EQ(fetched->final_url, server.url("/end"));
  EXPECT_TRUE(fetched->timings.reused);
}

TEST(Redirects, AreAResponseWhenNoneAreToBeFollowed) {
  const RawServer server(from_one_to_the_end());
  Request request = request_for(server.url("/dir/one"));
  request.limits.max_redirects = 0;
  const Fetched fetched = try_fetch(request);
  ASSERT_TRUE(fetched);
  EXPECT_EQ(fetched->status, 302);
  EXPECT_EQ(fetched->body, "body");
}

TEST(Redirects, InALoopEndAtTheLimit) {
  const RawServer server("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
  Request request = request_for(server.url("/again"));
  request.limits.max_redirects = 3;
  const Fetched fetched = try_fetch(request);
  EXPECT_EQ(class_of(fetched), "redirect");
  EXPECT_EQ(fetched.error().status, 301);
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST(Redirects, ToAFileAreRefused) {
  const RawServer server("HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n");
  EXPECT_EQ(class_of(try_fetch(server.url())), "refused");
}

TEST(Redirects, WithoutAPlaceToGoAreFailures) {
  const RawServer server("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(class_of(try_fetch(server.url())), "redirect");
}

TEST(Redirects, WithAnEndlessBodyAreFollowedAllTheSame) {
  const RawServer server([](RawConnection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    if (request->starts_with("GET /end")) {
      connection.send(ok("the end"));
      return;
    }
    connection.send("HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n");
    while (connection.send(std::string(10'000, 'x'))) {
    }
  });
  const Fetched fetched = try_fetch(server.url("/begin"));
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->body, "the end");
}

TEST(Redirects, SendNothingSecretToAnotherOrigin) {
  const RawServer other(answer_all());
  const RawServer server("HTTP/1.1 302 Found\r\nLocation: " + other.url("/x") + "\r\nContent-Length: 0\r\n\r\n");
  Request request = with_secrets("http://me:secret@" + server.authority() + "/");
  request.user.clear();
  request.password.clear();
  ASSERT_TRUE(try_fetch(request, {.user = "session", .password = "secret"}));
  EXPECT_THAT(server.requests().at(0), HasSubstr("\r\nX-Token: t\r\n"));
  EXPECT_THAT(other.requests().at(0), StartsWith("GET /x HTTP/1.1\r\n"));
  for (const char* const secret : {"Authorization", "Cookie", "X-Token"}) {
    EXPECT_THAT(other.requests().at(0), Not(HasSubstr(secret)));
  }
}

TEST(Redirects, ShareOneLimitInTime) {
  using std::chrono::milliseconds;
  const RawServer server([](RawConnection& connection) {
    const auto request = connection.read_request();
    if (request && request->starts_with("GET /hang")) {
      connection.wait_for_close();
    } else {
      connection.send("HTTP/1.1 302 Found\r\nLocation: /hang\r\nContent-Length: 0\r\n\r\n");
    }
  });
  Request request = request_for(server.url());
  request.limits.max_time = milliseconds(50);
  EXPECT_EQ(class_of(try_fetch(request)), "timeout");
  EXPECT_EQ(server.requests().size(), 2U);
}

}  // namespace
}  // namespace overlap::test
