// The origin over real sockets: what a broken server does.
#include "serve/faults.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "serve/content.hpp"
#include "serve/origin.hpp"
#include "tool/serve_test_client.hpp"

namespace overlap::serve {
namespace {

using test::Answer;
using test::Client;
using Clock = std::chrono::steady_clock;

class ServeFault : public testing::Test {
 protected:
  Answer get(std::string_view target, std::string_view lines = {}) { return test::get(origin_.port(), target, lines); }

  /// All that is sent for a request, as it stands.
  std::string raw(std::string_view target) {
    Client client(origin_.port());
    client.ask(target);
    return client.receive_all().first;
  }

  BackgroundOrigin origin_;
};

TEST_F(ServeFault, TruncateClosesHalfway) {
  const Answer answer = get("/fault/truncate/1000");
  EXPECT_EQ(answer.error, test::http::error::partial_message);
  EXPECT_EQ(answer.field("Content-Length"), "1000");
  EXPECT_EQ(answer.body, Content::of_bytes(500, 1).body());
}

TEST_F(ServeFault, ResetResets) { EXPECT_EQ(get("/fault/reset").error, boost::asio::error::connection_reset); }

TEST_F(ServeFault, DropClosesWithoutAWord) { EXPECT_EQ(raw("/fault/drop"), ""); }

TEST_F(ServeFault, HangNeverAnswersAndHoldsUpNobody) {
  Client hung(origin_.port());
  hung.ask("/fault/hang");
  while (origin_.requests() < 1) std::this_thread::yield();
  EXPECT_EQ(get("/json/1").status, 200);
  EXPECT_EQ(hung.socket().available(), 0u);
}

TEST_F(ServeFault, SlowTakesItsTime) {
  const auto begin = Clock::now();
  const Answer answer = get("/fault/slow/100000/10000");
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(100));
  EXPECT_EQ(answer.body, Content::of_bytes(10'000, 1).body());
}

TEST_F(ServeFault, SlowHeadersTakeTheirTime) {
  const auto begin = Clock::now();
  const Answer answer = get("/fault/slow-headers/50000");
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(50));  // 2600 bytes or so
  EXPECT_EQ(answer.body, "hello");
}

TEST_F(ServeFault, StatusCarriesRetryAfter) {
  const Answer answer = get("/fault/status/503?retry-after=1");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "1");
}

TEST_F(ServeFault, FlakySucceedsAfterNFailuresOfItsKey) {
  for (const char* key : {"a", "b"}) {
    const std::string target = std::string("/fault/flaky/2/") + key;
    EXPECT_EQ(get(target).status, 503);
    EXPECT_EQ(get(target + "?retry-after=0").status, 503);
    EXPECT_EQ(get(target).status, 200);
    EXPECT_EQ(get(target).status, 200);
  }
}

TEST_F(ServeFault, ResetNextResetsTheConnectionsSecondRequest) {
  Client client(origin_.port());
  const Answer answer = client.get("/fault/reset-next");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.keep_alive);
  EXPECT_EQ(client.get("/json/1").error, boost::asio::error::connection_reset);
}

TEST_F(ServeFault, BrokenFramingIsRefusedByAStrictParser) {
  for (const char* target :
       {"/fault/bad-chunk", "/fault/bad-chunk/size", "/fault/bad-chunk/overflow", "/fault/bad-chunk/unterminated",
        "/fault/content-length/conflicting", "/fault/content-length/repeated", "/fault/content-length/negative",
        "/fault/header/huge", "/fault/header/nul", "/fault/header/bare-cr", "/fault/header/no-colon",
        "/fault/garbage"}) {
    EXPECT_TRUE(get(target).error) << target;
  }
}

TEST_F(ServeFault, BothLengthAndChunksAreSent) {
  const std::string text = raw("/fault/content-length/chunked");
  EXPECT_NE(text.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(text.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
}

TEST_F(ServeFault, GzipFaultsNameTheirEncoding) {
  EXPECT_EQ(get("/fault/gzip/broken").field("Content-Encoding"), "gzip");
  const Answer truncated = get("/fault/gzip/truncated");
  EXPECT_FALSE(truncated.error);  // whole as HTTP sees it
  EXPECT_TRUE(truncated.body.ends_with("hello"));
  EXPECT_EQ(get("/fault/gzip/stacked").field("Content-Encoding").find("deflate, deflate"), 0u);
}

TEST_F(ServeFault, BombIsSmallOnTheWire) {
  const Answer answer = get("/fault/bomb/10M");
  EXPECT_EQ(answer.field("Content-Encoding"), "deflate");
  EXPECT_LT(answer.body.size(), 70'000u);
}

TEST_F(ServeFault, EndlessDoesNotEnd) {
  Client client(origin_.port());
  client.ask("/fault/endless");
  std::string text(16 << 20, '\0');
  EXPECT_EQ(boost::asio::read(client.socket(), boost::asio::buffer(text)), text.size());
  EXPECT_EQ(text.find("Content-Length"), std::string::npos);
}

TEST_F(ServeFault, ErrorPageHasStatus200) {
  const Answer answer = get("/fault/error-page");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("Content-Type"), "text/html");
}

TEST_F(ServeFault, RedirectsLeadNowhere) {
  EXPECT_EQ(get("/fault/redirect/loop").field("Location"), "/fault/redirect/loop");
  const Answer answer = get("/fault/redirect/no-location");
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.fields.count("Location"), 0u);
}

TEST_F(ServeFault, DispositionQuotesTheName) {
  EXPECT_EQ(get("/fault/disposition?name=..%2F%22x").field("Content-Disposition"), "attachment; filename=\"../\\\"x\"");
}

TEST_F(ServeFault, ResumeOffersHalfThenWhatItsKindSays) {
  const std::string whole = Content::of_bytes(1000, 1).body();
  const std::string other = Content::of_bytes(1000, 2).body();
  int calls = 0;
  const auto rest = [&](const std::string& kind) {
    const std::string path = "/fault/resume/" + kind + "/1000?" + std::to_string(++calls);  // not asked for before
    const Answer first = get(path);
    EXPECT_EQ(first.error, test::http::error::partial_message) << kind;
    EXPECT_EQ(first.body.size(), 500u);
    EXPECT_EQ(get(path).body, whole) << kind << ", the second time";
    return get(path, "Range: bytes=500-\r\nIf-Range: " + first.field("ETag") + "\r\n");
  };
  EXPECT_EQ(rest("good").status, 206);
  EXPECT_EQ(rest("good").body, whole.substr(500));
  EXPECT_EQ(rest("ignored").status, 200);
  EXPECT_EQ(rest("ignored").body, whole);
  EXPECT_EQ(rest("shifted").field("Content-Range"), "bytes 501-1000/1001");
  EXPECT_EQ(rest("changed").status, 200);
  EXPECT_EQ(rest("changed").body, other);
  EXPECT_EQ(rest("replaced").status, 206);
  EXPECT_EQ(rest("replaced").field("ETag"), "\"second\"");
  EXPECT_EQ(rest("replaced").body, other.substr(500));
  EXPECT_EQ(rest("multipart").field("Content-Type").find("multipart/byteranges"), 0u);
  EXPECT_EQ(rest("unsatisfiable").status, 416);
}

TEST_F(ServeFault, ArgumentsThatMakeNoSenseGet404) {
  for (const char* target :
       {"/fault/", "/fault/slow/0/10", "/fault/slow/x/10", "/fault/flaky/1", "/fault/flaky/x/y", "/fault/status/99",
        "/fault/gzip/odd", "/fault/bomb/1P", "/fault/truncate/x", "/fault/resume/odd", "/fault/resume"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
}

TEST_F(ServeFault, PostIsAllowed) {
  Client client(origin_.port());
  EXPECT_EQ(client.get("/fault/status/503", "Content-Length: 0\r\n", "POST").status, 503);
}

TEST_F(ServeFault, EveryFaultOfTheTableHasUsageAndHelp) {
  for (const Fault& fault : faults()) {
    EXPECT_TRUE(fault.usage.starts_with(fault.name)) << fault.name;
    EXPECT_FALSE(fault.help.empty()) << fault.name;
  }
}

}  // namespace
}  // namespace overlap::serve
