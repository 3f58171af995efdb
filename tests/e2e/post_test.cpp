// A POST may have done its work though no good answer came: it is not sent again unless that is asked for.
#include <gtest/gtest.h>

#include "e2e/get_program.hpp"

namespace overlap {
namespace {

using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;

std::vector<std::string> post(const std::string& url, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"get",     "-q", "--json",        "-d",  "a=b", "--to", "null",
                                        "--retry", "2",  "--retry-delay", "1ms", url};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Post, IsSentOnceWhateverComesOfIt) {
  for (const char* const fault : {"/fault/status/503", "/fault/drop", "/fault/truncate/100"}) {
    const Origin origin;
    const auto result = overlap_program(post(origin.url(fault), {}));
    EXPECT_EQ(result.exit_code, 1) << fault;
    EXPECT_EQ(number(json_of(result), "failed"), 1) << fault;
    EXPECT_EQ(origin.requests(), 1U) << fault;
  }
}

TEST(Post, IsSentAgainWithRetryAll) {
  const Origin origin;
  const auto result = overlap_program(post(origin.url("/fault/status/503"), {"--retry-all"}));
  EXPECT_EQ(number(json_of(result), "retries"), 2);
  EXPECT_EQ(origin.requests(), 3U);
}

TEST(Post, AGetIsSentAgain) {
  const Origin origin;
  overlap_program(
      {"get", "-q", "--to", "null", "--retry", "2", "--retry-delay", "1ms", origin.url("/fault/status/503")});
  EXPECT_EQ(origin.requests(), 3U);
}

}  // namespace
}  // namespace overlap
