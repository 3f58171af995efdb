// What servers do wrong, and what the program makes of it: the class and the tries in the manifest, the exit code, and
// no file under the final name. docs/robustness.md says which test stands for which case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/deaf_address.hpp"
#include "support/h2_frames.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using test::DeafAddress;
using test::Nginx;
using test::RawConnection;
using test::RawServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

/// At most `retries` retries, at once.
ProgramResult get_trying(int retries, std::vector<std::string> arguments, const TemporaryDirectory& out,
                         const std::string& input = "") {
  arguments.insert(arguments.begin(),
                   {"get", "--retry", std::to_string(retries), "--retry-delay", "1ms", "-P", out.path()});
  return overlap_program(std::move(arguments), input);
}

ProgramResult get(std::vector<std::string> arguments, const TemporaryDirectory& out, const std::string& input = "") {
  return get_trying(1, std::move(arguments), out, input);
}

manifest::ItemRow row_of(const TemporaryDirectory& out) { return rows_of(out.path()).at(0); }

// ---- one request, one failure

struct Case {
  const char* name;
  const char* path;
  const char* error_class;
  int tries;  // 2: it is worth a retry
  std::vector<std::string> flags{};
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Fault : public testing::TestWithParam<Case> {};

TEST_P(Fault, EndsInItsClassAndLeavesNoFile) {
  const Origin origin;
  for (const std::string model : {"loop", "threads"}) {
    const TemporaryDirectory out;
    std::vector<std::string> arguments = GetParam().flags;
    arguments.insert(arguments.end(), {"--model", model, origin.url(GetParam().path)});
    const ProgramResult result = get(arguments, out);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    const auto row = row_of(out);
    EXPECT_EQ(row.error_class, GetParam().error_class) << row.message;
    EXPECT_EQ(row.tries, GetParam().tries) << row.message;
    EXPECT_THAT(result.err, HasSubstr(origin.url())) << "the message names the URL";
    EXPECT_EQ(out.files(), std::vector<std::string>{});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Body, Fault,
    testing::Values(
        Case{"ShorterThanItsLength", "/fault/truncate", "truncated", 2},
        Case{"ResetInTheMiddle", "/fault/reset", "truncated", 2},
        Case{"ConflictingLengths", "/fault/content-length/conflicting", "protocol", 1},
        Case{"RepeatedLength", "/fault/content-length/repeated", "protocol", 1},
        Case{"NegativeLength", "/fault/content-length/negative", "protocol", 1},
        Case{"LengthWithChunks", "/fault/content-length/chunked", "protocol", 1},
        Case{"BadChunkSize", "/fault/bad-chunk/size", "protocol", 1},
        Case{"ChunkSizeThatOverflows", "/fault/bad-chunk/overflow", "protocol", 1},
        Case{"ChunksWithoutAnEnd", "/fault/bad-chunk/unterminated", "protocol", 2},
        Case{"BrokenGzip", "/fault/gzip/broken", "decode", 1, {"--compressed"}},
        Case{"GzipCutShort", "/fault/gzip/truncated", "decode", 1, {"--compressed"}},
        Case{"StackedEncodings", "/fault/gzip/stacked", "decode", 1, {"--compressed"}},
        Case{"Bomb", "/fault/bomb/20M", "too_large", 1, {"--compressed", "--max-filesize", "1M"}},
        Case{"EndlessBodyBySize", "/fault/endless", "too_large", 1, {"--max-filesize", "1M"}},
        Case{"EndlessBodyByTime", "/fault/endless", "timeout", 2, {"--max-time", "300ms"}},
        Case{"SlowHeaders", "/fault/slow-headers/10", "timeout", 2, {"--max-time", "300ms"}},
        Case{"SlowBody", "/fault/slow/100/100000", "timeout", 2, {"--speed-limit", "10K", "--speed-time", "1s"}},
        Case{"NoAnswer", "/fault/hang", "timeout", 2, {"--max-time", "300ms"}},
        Case{"HugeHeader", "/fault/header/huge", "protocol", 1},
        Case{"NulInAHeader", "/fault/header/nul", "protocol", 1},
        Case{"BareCrInAHeader", "/fault/header/bare-cr", "protocol", 1},
        Case{"HeaderWithoutColon", "/fault/header/no-colon", "protocol", 1},
        Case{"NotHttp", "/fault/garbage", "protocol", 1},
        Case{"ErrorPageByItsType", "/fault/error-page", "refused", 1, {"--accept-type", "image/*"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Connection, Fault, testing::Values(Case{"ClosedWithoutAnAnswer", "/fault/drop", "connect", 2}),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Redirect, Fault,
    testing::Values(Case{"Loop", "/fault/redirect/loop", "redirect", 1},
                    Case{"TooMany", "/redirect/5", "redirect", 1, {"--max-redirs", "4"}},
                    Case{"NoLocation", "/fault/redirect/no-location", "redirect", 1},
                    Case{"ToAFile", "/fault/status/302?location=file:///etc/passwd", "refused", 1},
                    Case{"ToAScript", "/fault/status/302?location=javascript:alert(1)", "redirect", 1},
                    Case{"ToNothingThatIsAUrl", "/fault/status/302?location=http://", "redirect", 1},
                    Case{"NotModifiedThoughNobodyAsked", "/fault/status/304", "http", 1},
                    Case{"NotFound", "/fault/status/404", "http", 1}),
    [](const auto& test) { return test.param.name; });

// ---- bodies

TEST(Robustness, AnErrorPageUnderStatus200IsRefusedByItsDigest) {
  const Origin origin;
  const TemporaryDirectory out;
  const std::string list = "url,sha256\n" + origin.url("/fault/error-page") + "," + std::string(64, 'a') + "\n";
  const ProgramResult result = get({"-i", "-", "--format", "csv", "--hash-col", "sha256"}, out, list);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(row_of(out).error_class, "digest");
  EXPECT_EQ(out.files(), std::vector<std::string>{});
}

TEST(Robustness, AnEmptyBodyIsRecordedAsSuch) {
  const Origin origin;
  for (const auto& [path, status] : {std::pair("/bytes/0", 200), std::pair("/fault/status/204", 204)}) {
    const TemporaryDirectory out;
    const ProgramResult result = get({origin.url(path)}, out);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(row_of(out).bytes, 0U);
    EXPECT_EQ(row_of(out).http_status, status);
    EXPECT_EQ(out.files().size(), 1U);
  }
}

// ---- connections

TEST(Robustness, AnAddressThatNeverAnswersIsATimeoutAndTriedAgain) {
  const RawServer server("");
  const DeafAddress deaf(server.port());
  const TemporaryDirectory out;
  const ProgramResult result =
      get({"--connect-timeout", "200ms", "http://127.0.0.2:" + std::to_string(server.port()) + "/x"}, out);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(row_of(out).error_class, "timeout");
  EXPECT_EQ(row_of(out).tries, 2);
}

TEST(Robustness, AfterAnAddressThatNeverAnswersTheNextIsTried) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const DeafAddress deaf(static_cast<std::uint16_t>(std::stoi(port)));
  const TemporaryDirectory out;
  const ProgramResult result = get({"--connect-timeout", "1s", "--resolve", "two.test:" + port + ":127.0.0.2,127.0.0.1",
                                    "http://two.test:" + port + "/bytes/10"},
                                   out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(row_of(out).tries, 1);
}

TEST(Robustness, AResetOnAReusedConnectionCostsNoTry) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get_trying(0,
                                          {"-j", "1", origin.url("/fault/reset-next"), origin.url("/bytes/10"),
                                           origin.url("/fault/reset-next?2"), origin.url("/bytes/11")},
                                          out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const auto& row : rows_of(out.path())) EXPECT_EQ(row.tries, 1) << row.url;
}

/// Speaks HTTP/2 after an upgrade: `first` in place of an answer on the first connections, the answer from then on.
RawServer::Script speaking_h2(std::string first, int times) {
  return [first, left = std::make_shared<std::atomic<int>>(times)](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(test::h2::switched());
    // "PRI * HTTP/2.0": libcurl 7.88 overlooks the end of a stream that comes along with the switch.
    if (!connection.read_request()) return;
    connection.send(left->fetch_sub(1) > 0 ? first : test::h2::answer(1, "hello"));
    connection.wait_for_close();
  };
}

TEST(Robustness, StreamsAndConnectionsThatHttp2EndsAreTriedAgain) {
  using test::h2::Code;
  const std::vector<std::pair<std::string, std::string>> ends = {
      {"GOAWAY", test::h2::go_away(0, Code::no_error)},
      {"ENHANCE_YOUR_CALM", test::h2::go_away(0, Code::enhance_your_calm)},
      {"REFUSED_STREAM", test::h2::reset_stream(1, Code::refused_stream)}};
  for (const auto& [name, bytes] : ends) {
    const RawServer server(speaking_h2(bytes, 1));
    const TemporaryDirectory out;
    const ProgramResult result = get({"--http2", server.url("/page")}, out);
    EXPECT_EQ(result.exit_code, 0) << name << result.err;
    EXPECT_EQ(out.read("page"), "hello") << name;
  }
}

TEST(Robustness, StreamsThatHttp2AlwaysRefusesAreNotTriedForEver) {
  using test::h2::Code;
  for (const std::string& bytes :
       {test::h2::reset_stream(1, Code::refused_stream), test::h2::go_away(0, Code::enhance_your_calm),
        test::h2::go_away(0, Code::no_error)}) {
    const RawServer server(speaking_h2(bytes, 1'000'000));
    const TemporaryDirectory out;
    const ProgramResult result = get({"--http2", server.url("/page")}, out);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_EQ(row_of(out).tries, 2) << row_of(out).message;
    EXPECT_THAT(row_of(out).error_class, testing::AnyOf("protocol", "connect", "truncated"));
    EXPECT_LE(server.connections(), 20U);
    EXPECT_EQ(out.files(), std::vector<std::string>{});
  }
}

// ---- TLS

/// The class of a fetch from a TLS server with these flags, which must not be tried again.
std::string tls_class(const std::string& url, std::vector<std::string> flags) {
  const TemporaryDirectory out;
  flags.push_back(url);
  EXPECT_EQ(get(flags, out).exit_code, 1);
  EXPECT_EQ(row_of(out).tries, 1);
  EXPECT_EQ(out.files(), std::vector<std::string>{});
  return row_of(out).error_class;
}

TEST(Robustness, ACertificateThatProvesNothingFailsClosed) {
  const Nginx server({.tls = true, .server = "location /plain { return 302 http://127.0.0.1:1/; }"});
  server.write("page", "secret");
  const std::string ca = server.certificates().ca();
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(tls_class(server.url("/page"), {}), "tls") << "by nobody who is known";
  EXPECT_EQ(tls_class("https://other.test:" + port + "/page",
                      {"--cacert", ca, "--resolve", "other.test:" + port + ":127.0.0.1"}),
            "tls")
      << "for another host";
  EXPECT_EQ(tls_class(server.url("/plain"), {"--cacert", ca}), "refused") << "from https to http";
}

TEST(Robustness, ACertificateThatHasExpiredFailsClosed) {
  const Nginx server({.tls = true, .certificate_days = -1});
  server.write("page", "secret");
  EXPECT_EQ(tls_class(server.url("/page"), {"--cacert", server.certificates().ca()}), "tls");
}

// ---- redirects

TEST(Robustness, NothingSecretGoesToAnotherOrigin) {
  const TemporaryDirectory files;
  files.write("headers", "Authorization: Bearer t0ken\nCookie: id=c00kie\nX-Key: k3y\nAccept: text/html\n");
  files.write("netrc", "machine 127.0.0.1 login me password n3trc\n");
  for (const std::string model : {"loop", "processes"}) {
    const RawServer other("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    const RawServer first("HTTP/1.1 302 Found\r\nLocation: " + other.url("/b") + "\r\nContent-Length: 0\r\n\r\n");
    const TemporaryDirectory out;
    EXPECT_EQ(get({"--model", model, "-H", "@" + files.file("headers"), first.url("/a")}, out).exit_code, 0);
    EXPECT_THAT(first.requests().at(0), AllOf(HasSubstr("t0ken"), HasSubstr("c00kie"), HasSubstr("k3y")));
    EXPECT_THAT(other.requests().at(0), AllOf(Not(HasSubstr("t0ken")), Not(HasSubstr("c00kie")), Not(HasSubstr("k3y")),
                                              HasSubstr("Accept: text/html")));
    const TemporaryDirectory again;
    EXPECT_EQ(get({"--model", model, "--netrc-file", files.file("netrc"), first.url("/a")}, again).exit_code, 0);
    EXPECT_THAT(first.requests().at(1), HasSubstr("Authorization: Basic"));
    EXPECT_THAT(other.requests().at(1), Not(HasSubstr("Authorization")));
  }
}

TEST(Robustness, WhatIsSecretStaysWithinItsOrigin) {
  const Origin origin;
  const TemporaryDirectory files;
  files.write("headers", "Authorization: Bearer t0ken\nX-Key: k3y\n");
  const TemporaryDirectory out;
  EXPECT_EQ(get({"-H", "@" + files.file("headers"), origin.url("/redirect/1?to=/echo"), "-o", "body"}, out).exit_code,
            0);
  EXPECT_THAT(out.read("body"), AllOf(HasSubstr("t0ken"), HasSubstr("k3y")));
}

TEST(Robustness, AHopIsQueuedUnderItsOwnHost) {
  // The target answers one request at a time, and counts how many are there at once.
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const RawServer target([&](RawConnection& connection) {
    while (connection.read_request()) {
      most = std::max(most.load(), ++now);
      std::this_thread::yield();
      --now;
      if (!connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")) return;
    }
  });
  std::vector<std::unique_ptr<RawServer>> sources;
  std::vector<std::string> arguments = {"--max-per-host", "1"};
  for (int i = 0; i < 20; ++i) {
    sources.push_back(std::make_unique<RawServer>(
        "HTTP/1.1 302 Found\r\nLocation: " + target.url("/" + std::to_string(i)) + "\r\nContent-Length: 0\r\n\r\n"));
    arguments.push_back(sources.back()->url("/" + std::to_string(i)));
  }
  const TemporaryDirectory out;
  EXPECT_EQ(get(arguments, out).exit_code, 0);
  EXPECT_EQ(target.requests().size(), 20U);
  EXPECT_EQ(most, 1);
}

TEST(Robustness, APostThatIsRedirectedBecomesWhatTheStatusSays) {
  const Origin origin;
  for (const auto& [code, method] : {std::pair("302", "GET"), std::pair("303", "GET"), std::pair("307", "POST")}) {
    const TemporaryDirectory out;
    // The origin redirects whatever the method is below /fault/ only.
    const ProgramResult result =
        get({"-d", "a=1", "-o", "body", origin.url(std::string("/fault/status/") + code + "?location=/echo")}, out);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string request = out.read("body");
    EXPECT_THAT(request, testing::StartsWith(std::string(method) + " /echo")) << code;
    EXPECT_EQ(request.find("a=1") != std::string::npos, std::string(method) == "POST") << code;
    EXPECT_EQ(request.find("urlencoded") != std::string::npos, std::string(method) == "POST") << code;
  }
}

// ---- the rest of a body that was cut

/// Whether something of a body is left below ".overlap".
bool has_parts(const TemporaryDirectory& out) {
  return !std::filesystem::is_empty(std::filesystem::path(out.path()) / ".overlap" / "tmp");
}

class CutBodyOf : public testing::TestWithParam<std::string> {};

TEST_P(CutBodyOf, IsFetchedToItsEndOrAsAWhole) {
  constexpr std::uint64_t kSize = 4 << 20;
  for (const std::string model : {"inline", "threads", "loop", "processes"}) {
    const Origin origin;
    const TemporaryDirectory out;
    const std::string kind = GetParam();
    const ProgramResult result = get_trying(
        2, {"--model", model, "-o", "body", origin.url("/fault/resume/" + kind + "/" + std::to_string(kSize))}, out);
    EXPECT_EQ(result.exit_code, 0) << model << result.err;
    const std::string body = out.read("body");
    const std::uint64_t seed = kind == "changed" ? Origin::seed() + 1 : Origin::seed();
    EXPECT_TRUE(body == serve::Content::of_bytes(kSize, seed).body()) << model << ": another body";
    const bool at_once = kind == "good" || kind == "ignored" || kind == "changed";
    EXPECT_EQ(row_of(out).tries, at_once ? 2 : 3) << model;
    EXPECT_EQ(row_of(out).bytes, kSize) << model;
    EXPECT_EQ(origin.requests(), at_once ? 2U : 3U) << model;
    EXPECT_EQ(overlap_program({"verify", out.path()}).exit_code, 0) << model;
    EXPECT_FALSE(has_parts(out)) << model;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, CutBodyOf,
                         testing::Values("good", "ignored", "changed", "shifted", "replaced", "multipart",
                                         "unsatisfiable"),
                         [](const auto& test) { return test.param; });

RawServer::Script cutting(std::string etag) {
  return [etag](RawConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nETag: " + etag + "\r\n\r\n" +
                    std::string(500'000, 'x'));
  };
}

TEST(CutBody, IsAskedForWithItsTagAndFromWhereItWasCut) {
  const RawServer server(cutting("\"v1\""));
  const TemporaryDirectory out;
  EXPECT_EQ(get({server.url("/x")}, out).exit_code, 1);
  EXPECT_THAT(server.requests().at(0), Not(HasSubstr("Range")));
  EXPECT_THAT(server.requests().at(1), AllOf(HasSubstr("Range: bytes=500000-\r\n"), HasSubstr("If-Range: \"v1\"\r\n")));
  EXPECT_EQ(row_of(out).error_class, "truncated");
  EXPECT_FALSE(has_parts(out)) << "nothing is left of it in the end";
}

TEST(CutBody, WithoutAStrongTagIsFetchedAnew) {
  const RawServer server(cutting("W/\"v1\""));
  const TemporaryDirectory out;
  EXPECT_EQ(get({server.url("/x")}, out).exit_code, 1);
  EXPECT_THAT(server.requests().at(1), Not(HasSubstr("Range")));
}

}  // namespace
}  // namespace overlap
