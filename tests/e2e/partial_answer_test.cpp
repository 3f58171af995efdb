// Answers of status 206 that are not what they seem, and 304 in place of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

constexpr std::size_t kWhole = 1'000'000;
constexpr std::size_t kCutAt = 600'000;

/// A body that is cut the first time, then `rest` in answer to whoever asks for the rest, then the whole.
class PartialAnswer : public testing::TestWithParam<std::string> {
 protected:
  ProgramResult get(std::string rest, const std::vector<std::string>& more = {}) {
    {
      const std::lock_guard lock(mutex_);
      rest_ = std::move(rest);
    }
    std::vector<std::string> arguments{"get", server_.url("/body"), "-P",  out_.file("saved"), "--retry",
                                       "3",   "--retry-delay",      "1ms", "--model",          GetParam()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return overlap_program(arguments);
  }
  void expect_the_whole_in_spite_of(std::string rest) {
    const ProgramResult result = get(std::move(rest));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(saved(), body_);
  }
  std::string saved() const { return out_.read("saved/body"); }

  const TemporaryDirectory out_;
  const std::string body_ = std::string(kWhole, 'b');
  std::atomic<bool> is_cut_ = true;
  std::mutex mutex_;  // of what follows
  std::string rest_;
  const test::RawServer server_{[this](test::RawConnection& connection) { serve(connection); }};

 private:
  void serve(test::RawConnection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    if (request->find("\r\nRange:") != std::string::npos) {
      const std::lock_guard lock(mutex_);
      connection.send(rest_);
      return;
    }
    connection.send("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: " + std::to_string(kWhole) +
                    "\r\nConnection: close\r\n\r\n" + (is_cut_.exchange(false) ? body_.substr(0, kCutAt) : body_));
  }
};

INSTANTIATE_TEST_SUITE_P(Models, PartialAnswer, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& test) { return test.param; });

TEST_P(PartialAnswer, WhoseLengthIsNotThatOfItsRangeIsNotTaken) {
  expect_the_whole_in_spite_of(
      "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes 600000-999999/1000000\r\n"
      "Content-Length: 5\r\nConnection: close\r\n\r\nabcde");
}

TEST_P(PartialAnswer, ThatEndsBeforeItsRangeDoesIsNotTaken) {
  expect_the_whole_in_spite_of(
      "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes 600000-999999/1000000\r\n"
      "Connection: close\r\n\r\nabcde");
}

TEST_P(PartialAnswer, ThatGoesOnBeyondItsRangeIsNotTaken) {
  expect_the_whole_in_spite_of(
      "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes 600000-999999/1000000\r\n"
      "Connection: close\r\n\r\n" +
      std::string(400'001, 'b'));
}

TEST_P(PartialAnswer, ThatDoesNotSayHowLongTheWholeIsIsNotTaken) {
  expect_the_whole_in_spite_of(
      "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes 600000-700000/*\r\n"
      "Content-Length: 100001\r\nConnection: close\r\n\r\n" +
      std::string(100'001, 'b'));
}

TEST_P(PartialAnswer, Of304ToOneThatAskedForTheRestMeansTheWholeAgain) {
  expect_the_whole_in_spite_of("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
}

TEST_P(PartialAnswer, Of304ToOneThatAskedForTheRestIsNotUnchangedUnderTimestamping) {
  is_cut_ = false;
  ASSERT_EQ(get("").exit_code, 0);
  is_cut_ = true;
  ASSERT_EQ(get("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", {"-N"}).exit_code, 0);
  EXPECT_EQ(server_.requests().size(), 4U) << "the body, its beginning, the rest in vain, the body";
  EXPECT_EQ(saved(), body_);
}

TEST(PartialAnswerUnasked, IsNoBody) {
  const test::RawServer server(
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/100\r\nContent-Length: 3\r\nConnection: "
      "close\r\n\r\nabc");
  const TemporaryDirectory out;
  const ProgramResult result = overlap_program({"get", server.url("/x"), "-P", out.path(), "--retry", "0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(rows_of(out.path()).at(0).error_class, "http");
  EXPECT_THAT(rows_of(out.path()).at(0).message, HasSubstr("though the whole was asked for"));
  EXPECT_FALSE(out.has("x"));
  const ProgramResult asked =
      overlap_program({"get", server.url("/x"), "-P", out.path(), "--force", "-H", "Range: bytes=0-2"});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_EQ(out.read("x"), "abc");
}

}  // namespace
}  // namespace overlap
