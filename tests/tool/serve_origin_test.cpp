// The origin over real sockets: what an orderly server does.
#include "serve/origin.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "serve/content.hpp"
#include "tool/serve_test_client.hpp"

namespace overlap::serve {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Client;
using Clock = std::chrono::steady_clock;

TEST(Origin, ServesWhatContentForSays) {
  BackgroundOrigin origin({.seed = 9});
  Client client(origin.port());
  for (const char* target : {"/bytes/0", "/bytes/1", "/bytes/1000", "/bytes/300000", "/json/5", "/image/3.jpg", "/",
                             "/a/page?with=query", "/redirect/0"}) {
    const Answer answer = client.get(target);
    const auto content = content_for(target, 9);
    ASSERT_TRUE(content) << target;
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.field("Content-Type"), content->content_type()) << target;
    EXPECT_EQ(answer.field("Content-Length"), std::to_string(content->size())) << target;
    EXPECT_TRUE(answer.body == content->body()) << target;
  }
}

TEST(Origin, KeepsTheConnectionAlive) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (int i = 0; i < 100; ++i) {
    const Answer answer = client.get("/json/" + std::to_string(i));
    ASSERT_EQ(answer.status, 200);
    ASSERT_TRUE(answer.keep_alive);
  }
  EXPECT_EQ(origin.requests(), 100u);
}

TEST(Origin, ClosesWhenAskedTo) {
  BackgroundOrigin origin;
  Client client(origin.port());
  const Answer answer = client.get("/json/1", "Connection: close\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.keep_alive);
  EXPECT_EQ(client.receive_all().second, boost::asio::error::eof);
}

TEST(Origin, Http10ClosesUnlessAskedToStay) {
  BackgroundOrigin origin;
  Client client(origin.port());
  client.send("GET /json/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive().field("Connection"), "keep-alive");
  client.send("GET /json/1 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().field("Connection"), "close");
  EXPECT_EQ(client.receive_all().second, boost::asio::error::eof);
}

TEST(Origin, AnswersPipelinedRequestsInOrder) {
  BackgroundOrigin origin;
  Client client(origin.port());
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += "GET /" + std::string(i % 3 == 0 ? "bytes/200000" : "json/" + std::to_string(i)) + " HTTP/1.1\r\n\r\n";
  }
  std::thread sender([&] { client.send(requests); });  // the responses fill the socket before all is sent
  for (int i = 0; i < 500; ++i) {
    const std::string target = i % 3 == 0 ? "/bytes/200000" : "/json/" + std::to_string(i);
    ASSERT_TRUE(client.receive().body == content_for(target, 1)->body()) << i;
  }
  sender.join();
}

TEST(Origin, HeadHasTheHeaderOfGetAndNoBody) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (const char* target : {"/json/1", "/bytes/15E", "/image/1.jpg", "/page", "/status/404"}) {
    const Answer head = client.get(target, {}, "HEAD");
    EXPECT_FALSE(head.error) << target;
    EXPECT_NE(head.field("Content-Length"), "0") << target;
    EXPECT_EQ(head.body, "") << target;
  }
  EXPECT_EQ(client.get("/json/1").body, content_for("/json/1", 1)->body());  // the connection is still in step
}

TEST(Origin, UnknownMethodsGet405AndTheirBodyIsRead) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (const char* method : {"POST", "PUT", "DELETE", "BREW"}) {
    client.ask("/json/1", "Content-Length: 5\r\n", method);
    client.send("hello");
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.field("Allow"), "GET, HEAD");
  }
  EXPECT_EQ(client.get("/json/1").status, 200);
}

TEST(Origin, WhatIsNotHttpGets400AndTheEnd) {
  BackgroundOrigin origin;
  Client client(origin.port());
  client.send("this is not a request of HTTP\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_EQ(client.receive_all().second, boost::asio::error::eof);
}

TEST(Origin, StreamsLargeBodies) {
  constexpr std::uint64_t kSize = 64 << 20;
  BackgroundOrigin origin;
  const Answer answer = test::get(origin.port(), "/bytes/64M");
  ASSERT_EQ(answer.body.size(), kSize);
  EXPECT_EQ(Content::of_text("", answer.body).sha256(), content_for("/bytes/64M", 1)->sha256());
}

TEST(Origin, SendsRangesOfTheLargestBodies) {
  BackgroundOrigin origin;
  Client client(origin.port());
  const Answer answer = client.get("/bytes/1T", "Range: bytes=-100\r\n");
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.field("Content-Range"), "bytes 1099511627676-1099511627775/1099511627776");
  std::string expected(100, '\0');
  content_for("/bytes/1T", 1)->read((std::uint64_t{1} << 40) - 100, expected);
  EXPECT_TRUE(answer.body == expected);
}

TEST(Origin, SendsRangesOfHeldBodies) {
  BackgroundOrigin origin;
  Client client(origin.port());
  const std::string whole = content_for("/page", 1)->body();
  const Answer answer = client.get("/page", "Range: bytes=100-199\r\n");
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.body, whole.substr(100, 100));
  EXPECT_EQ(client.get("/page", "Range: bytes=1M-\r\n").status, 200);  // not a range: ignored
  const Answer beyond = client.get("/page", "Range: bytes=1000000-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.field("Content-Range"), "bytes */" + std::to_string(whole.size()));
}

TEST(Origin, IfRangeOfAnotherTagGetsTheWhole) {
  BackgroundOrigin origin;
  Client client(origin.port());
  const std::string etag = client.get("/page").field("ETag");
  EXPECT_EQ(client.get("/page", "Range: bytes=1-2\r\nIf-Range: " + etag + "\r\n").status, 206);
  EXPECT_EQ(client.get("/page", "Range: bytes=1-2\r\nIf-Range: \"other\"\r\n").status, 200);
}

TEST(Origin, UnchangedContentGets304) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (const char* target : {"/page", "/json/1", "/bytes/9", "/bytes/1G"}) {
    const Answer head = client.get(target, {}, "HEAD");
    const Answer by_tag = client.get(target, "If-None-Match: " + head.field("ETag") + "\r\n");
    EXPECT_EQ(by_tag.status, 304) << target;
    EXPECT_EQ(by_tag.field("ETag"), head.field("ETag"));
    EXPECT_EQ(client.get(target, "If-Modified-Since: " + head.field("Last-Modified") + "\r\n").status, 304);
  }
  EXPECT_EQ(client.get("/page", "If-None-Match: \"other\"\r\n").status, 200);
}

TEST(Origin, TagsDifferByPath) {
  BackgroundOrigin origin;
  Client client(origin.port());
  EXPECT_NE(client.get("/a").field("ETag"), client.get("/b").field("ETag"));
  EXPECT_EQ(client.get("/json/1").field("ETag"), client.get("/json/1?again").field("ETag"));
}

TEST(Origin, StatusPathsAnswerThatStatus) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (const int status : {200, 204, 301, 304, 404, 418, 429, 500, 503, 599}) {
    const Answer answer = client.get("/status/" + std::to_string(status));
    EXPECT_EQ(answer.status, status);
    EXPECT_FALSE(answer.error) << status;
  }
  EXPECT_EQ(client.get("/status/503?retry-after=Wed,%2001%20Jan%202031%2000:00:00%20GMT").field("Retry-After"),
            "Wed, 01 Jan 2031 00:00:00 GMT");
}

TEST(Origin, QueriesCannotForgeHeaderLines) {
  BackgroundOrigin origin;
  const Answer answer = test::get(origin.port(), "/status/503?retry-after=1%0d%0aX-Forged:%20yes");
  EXPECT_EQ(answer.field("X-Forged"), "");
  EXPECT_EQ(answer.field("Retry-After"), "1X-Forged: yes");
}

TEST(Origin, RedirectsCountDown) {
  BackgroundOrigin origin;
  Client client(origin.port());
  std::string target = "/redirect/3?code=307";
  for (int hop = 0; hop < 3; ++hop) {
    const Answer answer = client.get(target);
    ASSERT_EQ(answer.status, hop < 3 ? 307 : 200);
    target = answer.field("Location");
  }
  EXPECT_EQ(target, "/redirect/0");
  EXPECT_EQ(client.get(target).status, 200);
  EXPECT_EQ(client.get("/redirect/1?to=http://elsewhere/x").field("Location"), "http://elsewhere/x");
}

TEST(Origin, EchoSendsTheRequestBack) {
  BackgroundOrigin origin;
  Client client(origin.port());
  client.ask("/echo", "X-Mine: yes\r\nContent-Length: 4\r\n", "POST");
  client.send("body");
  EXPECT_EQ(client.receive().body, "POST /echo\r\nHost: test\r\nX-Mine: yes\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(Origin, ReservedPathsThatMakeNoSenseGet404) {
  BackgroundOrigin origin;
  Client client(origin.port());
  for (const char* target : {"/bytes/ten", "/fault/nonsense", "/image/1.png"}) {
    EXPECT_EQ(client.get(target).status, 404) << target;
  }
}

TEST(Origin, ResponseComesNoEarlierThanTheLatency) {
  BackgroundOrigin origin({.latency = 30ms});
  Client client(origin.port());
  for (const char* target : {"/json/1", "/json/1", "/image/1.jpg", "/status/404", "/fault/drop"}) {
    const auto begin = Clock::now();
    client.get(target);
    EXPECT_GE(Clock::now() - begin, 30ms) << target;
  }
}

TEST(Origin, HundredsOfConnectionsWaitAtOnce) {
  constexpr std::size_t kClients = 400;  // each costs two descriptors here, of the usual 1024
  BackgroundOrigin origin({.latency = 1h});
  std::vector<std::unique_ptr<Client>> clients;
  while (clients.size() < kClients) {
    clients.push_back(std::make_unique<Client>(origin.port()));
    clients.back()->ask("/json/1");
  }
  while (origin.requests() < kClients) std::this_thread::yield();
}

TEST(Origin, BandwidthHoldsBodiesBack) {
  BackgroundOrigin origin({.bandwidth = 1 << 20});
  for (const char* target : {"/bytes/100K", "/bytes/50K"}) {  // computed, and held
    const auto size = content_for(target, 1)->size();
    const auto begin = Clock::now();
    const Answer answer = test::get(origin.port(), target);
    EXPECT_GE(Clock::now() - begin, std::chrono::nanoseconds(size * 1'000'000'000 / (1 << 20)));
    EXPECT_TRUE(answer.body == content_for(target, 1)->body());
  }
}

TEST(Origin, FaultRateSparesNoOrdinaryRequestAtOne) {
  BackgroundOrigin origin({.fault_rate = 1});
  int unavailable = 0;
  int reset = 0;
  for (int i = 0; i < 40; ++i) {
    const Answer answer = test::get(origin.port(), "/json/1");
    unavailable += answer.status == 503 ? 1 : 0;
    reset += answer.error == boost::asio::error::connection_reset ? 1 : 0;
  }
  EXPECT_EQ(unavailable + reset, 40);
  EXPECT_GT(unavailable, 0);
  EXPECT_GT(reset, 0);
}

TEST(Origin, FaultRateIsRepeatable) {
  const auto run = [] {
    BackgroundOrigin origin({.seed = 5, .fault_rate = 0.3});
    std::vector<int> statuses;
    for (int i = 0; i < 30; ++i) statuses.push_back(test::get(origin.port(), "/json/1").status);
    return statuses;
  };
  EXPECT_EQ(run(), run());
}

TEST(Origin, ManyThreadsServeTheSame) {
  BackgroundOrigin origin({.threads = 3});
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([port = origin.port()] {
      Client client(port);
      for (const char* target : {"/page", "/json/1", "/image/1.jpg", "/bytes/100000", "/fault/flaky/1/x", "/page"}) {
        const Answer answer = client.get(target);
        const auto content = content_for(target, 1);
        EXPECT_TRUE(!content || answer.body == content->body()) << target;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(origin.requests(), 36u);
}

TEST(Origin, WithOnePlaceRequestsAreAnsweredOneAfterTheOther) {
  BackgroundOrigin origin({.latency = 20ms, .at_once = 1});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<Client>(origin.port()));
  const auto begin = Clock::now();
  for (const auto& client : clients) client->ask("/json/1");
  for (const auto& client : clients) EXPECT_EQ(client->receive().status, 200);
  EXPECT_GE(Clock::now() - begin, 80ms);  // together it would be 20
}

TEST(Origin, WhatComesAboveTheLimitIsRefusedWhileTheOthersAreAnswered) {
  BackgroundOrigin origin({.latency = 1h, .refuse_above = 2});
  Client first(origin.port());
  Client second(origin.port());
  first.ask("/json/1");
  second.ask("/json/2");
  while (origin.requests() < 2) std::this_thread::yield();
  EXPECT_EQ(test::get(origin.port(), "/json/3").status, 429);
  EXPECT_EQ(origin.most_at_once(), 3U);
}

TEST(Origin, WhatHasBeenAnsweredIsNoLongerUnderWay) {
  BackgroundOrigin origin({.threads = 2});
  Client one(origin.port());
  Client other(origin.port());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(one.get("/json/1").status, 200);
    EXPECT_EQ(other.get("/json/2").status, 200);
  }
  EXPECT_EQ(origin.most_at_once(), 1U);
}

TEST(Origin, UrlNamesAddressAndPort) {
  const BackgroundOrigin origin;
  EXPECT_NE(origin.port(), 0);
  EXPECT_EQ(origin.url(), "http://127.0.0.1:" + std::to_string(origin.port()));
  EXPECT_EQ(origin.url("/x"), origin.url() + "/x");
}

TEST(Origin, PortInUseIsASystemErrorNamingIt) {
  const BackgroundOrigin first;
  try {
    const Origin second({.port = first.port()});
    FAIL() << "listened twice";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    const std::string what = error.what();
    EXPECT_NE(what.find("127.0.0.1 port " + std::to_string(first.port())), std::string::npos) << what;
  }
}

TEST(Origin, PortCanBeHadAgainAtOnce) {
  std::uint16_t port = 0;
  {
    BackgroundOrigin first;
    port = first.port();
    EXPECT_EQ(test::get(port, "/json/1", "Connection: close\r\n").status, 200);
  }
  BackgroundOrigin second({.port = port});
  EXPECT_EQ(test::get(port, "/json/1").status, 200);
}

TEST(Origin, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(Origin({.latency = -1ns}), std::invalid_argument);
  EXPECT_THROW(Origin({.fault_rate = 1.5}), std::invalid_argument);
  EXPECT_THROW(Origin({.at_once = 4}), std::invalid_argument);  // at once, but for no time
  EXPECT_THROW(Origin({.threads = 0}), std::invalid_argument);
  EXPECT_THROW(Origin({.bind = "not an address"}), std::system_error);
}

TEST(Origin, StopEndsRun) {
  Origin origin({.threads = 2});
  std::thread runner([&] { origin.run(); });
  EXPECT_EQ(test::get(origin.port(), "/json/1").status, 200);
  origin.stop();
  runner.join();
}

TEST(Origin, StopBeforeRunEndsItToo) {
  Origin origin({.threads = 2});
  origin.stop();
  origin.run();
}

TEST(Origin, EndsWhileClientsWait) {
  auto origin = std::make_unique<BackgroundOrigin>();
  std::vector<std::unique_ptr<Client>> clients;
  for (const char* target : {"/image/1.jpg", "/image/1.jpg", "/image/2.jpg", "/fault/hang", "/bytes/1T",
                             "/fault/slow/1/1000", "/fault/endless"}) {
    clients.push_back(std::make_unique<Client>(origin->port()));
    clients.back()->ask(target);
  }
  while (origin->requests() < clients.size()) std::this_thread::yield();
  origin.reset();
  for (const auto& client : clients) EXPECT_TRUE(client->receive_all().second);
}

}  // namespace
}  // namespace overlap::serve
