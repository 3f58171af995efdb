// `overlap get -N`: what is here is asked for again, by a server whose body changes, or that says 304.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::json_of;
using testing_support::number;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

/// A page that exists in versions, each with an ETag and a date of its own.
class Timestamping : public testing::TestWithParam<std::string> {
 protected:
  ProgramResult get(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"get", server_.url("/page.html"), "-P", out_.file("saved"), "--json", "--retry", "0",
                                 "--model", GetParam()});
    return overlap_program(flags);
  }
  std::string page() const { return out_.file("saved/page.html"); }
  std::string saved() const { return out_.read("saved/page.html"); }
  std::string last_request() const { return server_.requests().back(); }
  static std::string body(int version) { return std::string(static_cast<std::size_t>(version), 'v'); }
  static std::string date(int version) { return "Fri, 27 Nov 2026 10:00:0" + std::to_string(version) + " GMT"; }

  std::atomic<int> version_ = 1;
  std::atomic<bool> loses_file_ = false;  // while the server answers
  std::atomic<bool> is_in_trouble_ = false;
  const TemporaryDirectory out_;
  const test::RawServer server_{[this](test::RawConnection& connection) { serve(connection); }};

 private:
  void serve(test::RawConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (is_in_trouble_) {
        connection.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      const int version = version_;
      const std::string validators =
          "ETag: \"v" + std::to_string(version) + "\"\r\nLast-Modified: " + date(version) + "\r\n";
      const bool is_same = request->find("If-None-Match: \"v" + std::to_string(version) + "\"") != std::string::npos;
      if (is_same && loses_file_) unlink(page().c_str());
      const std::string answer = is_same
                                     ? "HTTP/1.1 304 Not Modified\r\n" + validators + "\r\n"
                                     : "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body(version).size()) +
                                           "\r\n" + validators + "\r\n" + body(version);
      if (!connection.send(answer)) return;
    }
  }
};

TEST_P(Timestamping, ABodyThatHasChangedReplacesTheOneThatIsHere) {
  EXPECT_EQ(get().exit_code, 0);
  EXPECT_EQ(saved(), body(1));
  version_ = 5;
  const ProgramResult changed = get({"-N"});
  EXPECT_EQ(number(json_of(changed), "ok"), 1) << changed.err;
  EXPECT_THAT(last_request(), HasSubstr("If-None-Match: \"v1\"\r\n"));
  EXPECT_THAT(last_request(), HasSubstr("If-Modified-Since: " + date(1) + "\r\n"));
  EXPECT_EQ(saved(), body(5));
  const auto row = rows_of(out_.file("saved")).at(0);
  EXPECT_EQ(row.bytes, 5U);
  EXPECT_EQ(row.sha256, cli::sha256(body(5)).hex());
  EXPECT_EQ(row.etag, "\"v5\"");
  EXPECT_EQ(overlap_program({"verify", out_.file("saved")}).exit_code, 0);

  const ProgramResult same = get({"-N"});
  EXPECT_EQ(number(json_of(same), "skipped"), 1) << same.err;
  EXPECT_THAT(last_request(), HasSubstr("If-None-Match: \"v5\"\r\n"));
}

TEST_P(Timestamping, AFileThatWasLostBeforeIsAskedForWithoutConditions) {
  EXPECT_EQ(get().exit_code, 0);
  unlink(page().c_str());
  EXPECT_EQ(number(json_of(get({"-N"})), "ok"), 1);
  EXPECT_THAT(last_request(), Not(HasSubstr("If-None-Match")));
  EXPECT_EQ(saved(), body(1));
}

TEST_P(Timestamping, A304AfterTheFileWasLostMeansTheWholeBodyAgain) {
  EXPECT_EQ(get().exit_code, 0);
  loses_file_ = true;
  const ProgramResult again = get({"-N"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(number(json_of(again), "ok"), 1);
  EXPECT_EQ(number(json_of(again), "skipped"), 0);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_THAT(requests[1], HasSubstr("If-None-Match"));
  EXPECT_THAT(requests[2], Not(HasSubstr("If-None-Match")));
  EXPECT_EQ(saved(), body(1));
  EXPECT_EQ(overlap_program({"verify", out_.file("saved")}).exit_code, 0);
}

TEST_P(Timestamping, AServerInTroubleCostsNothingOfWhatIsKnownOfABodyThatIsHere) {
  EXPECT_EQ(get().exit_code, 0);
  is_in_trouble_ = true;
  const ProgramResult failed = get({"-N"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(number(json_of(failed), "failed"), 1);
  EXPECT_EQ(rows_of(out_.file("saved")).at(0).etag, "\"v1\"");
  EXPECT_EQ(overlap_program({"verify", out_.file("saved")}).exit_code, 0);
  is_in_trouble_ = false;
  EXPECT_EQ(number(json_of(get({"-N"})), "skipped"), 1);
  EXPECT_THAT(last_request(), HasSubstr("If-None-Match: \"v1\"\r\n"));
}

TEST_P(Timestamping, AServerInTroubleCostsNothingOfRepeatsEither) {
  const std::string twice = server_.url("/page.html");
  EXPECT_EQ(get({twice, "--dedupe"}).exit_code, 0);
  is_in_trouble_ = true;
  EXPECT_EQ(number(json_of(get({twice, "--dedupe", "-N"})), "failed"), 2);
  for (const auto& row : rows_of(out_.file("saved"))) EXPECT_EQ(row.etag, "\"v1\"") << row.ordinal;
}

TEST_P(Timestamping, AServerInTroubleIsAFailureOfABodyThatWasLost) {
  EXPECT_EQ(get().exit_code, 0);
  unlink(page().c_str());
  is_in_trouble_ = true;
  EXPECT_EQ(get({"-N"}).exit_code, 1);
  EXPECT_EQ(rows_of(out_.file("saved")).at(0).error_class, "http");
}

INSTANTIATE_TEST_SUITE_P(Models, Timestamping, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace overlap
