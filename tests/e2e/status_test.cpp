// `overlap status` and `overlap verify`, after runs of the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "e2e/get_program.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::TemporaryDirectory;

class AfterARun : public testing::Test {
 protected:
  AfterARun() {
    overlap_program({"get", "-i", "-", "-P", out_.path(), "--retry", "0"},
                    origin_.url("/a.html") + "\n" + origin_.url("/b.html") + "\n" + origin_.url("/status/404") + "\n" +
                        origin_.url("/status/503") + "\nno url\n");
  }
  const Origin origin_;
  const TemporaryDirectory out_;
};

TEST_F(AfterARun, StatusCountsByStateAndClass) {
  const ProgramResult text = overlap_program({"status", out_.path()});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("5 items, 2 ok"));
  EXPECT_THAT(text.out, HasSubstr("2 failed, 1 bad lines"));
  EXPECT_THAT(text.out, HasSubstr("complete"));
  EXPECT_THAT(text.out, HasSubstr(origin_.url()));
  const auto status = json_of(overlap_program({"status", out_.path(), "--json"}));
  EXPECT_EQ(number(status, "items"), 5);
  EXPECT_EQ(number(status, "ok"), 2);
  EXPECT_EQ(number(status, "failed"), 2);
  EXPECT_EQ(number(status, "bad_input"), 1);
  EXPECT_EQ(number(status, "failed_for_good"), 1);
  EXPECT_EQ(number(status.at("errors"), "http"), 2);
  const auto& hosts = status.at("slowest_hosts").as_array();
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(number(hosts[0], "items"), 4);
  EXPECT_EQ(number(hosts[0], "failed"), 2);
}

TEST_F(AfterARun, StatusPrintsWhatFailedAsLinesOfJson) {
  const ProgramResult failed = overlap_program({"status", out_.path(), "--failed"});
  EXPECT_EQ(failed.exit_code, 0);
  std::istringstream lines(failed.out);
  std::vector<std::string> urls;
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line);
    urls.emplace_back(object.at("url").as_string());
    EXPECT_EQ(object.at("error").as_string(), "http");
  }
  EXPECT_EQ(urls, (std::vector<std::string>{origin_.url("/status/404"), origin_.url("/status/503")}));
}

TEST_F(AfterARun, VerifyFindsEveryFileAsItWasFetched) {
  const ProgramResult result = overlap_program({"verify", out_.path()});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 of 2 files"));
}

TEST_F(AfterARun, VerifyNamesWhatIsMissingOrChanged) {
  unlink(out_.file("a.html").c_str());
  std::fstream(out_.file("b.html"), std::ios::in | std::ios::out).seekp(10) << '\x01';
  const ProgramResult text = overlap_program({"verify", out_.path()});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.out, HasSubstr("a.html: is missing"));
  EXPECT_THAT(text.out, HasSubstr("b.html: has other content"));
  const auto report = json_of(overlap_program({"verify", out_.path(), "--json"}));
  EXPECT_EQ(number(report, "files"), 2);
  EXPECT_EQ(number(report, "ok"), 0);
  EXPECT_EQ(number(report, "missing"), 1);
  EXPECT_EQ(number(report, "changed"), 1);
  EXPECT_EQ(report.at("problems").as_array().size(), 2U);
}

TEST(Status, OfADirectoryWithoutAManifestSaysSo) {
  const TemporaryDirectory out;
  for (const std::string command : {"status", "verify"}) {
    for (const std::string& directory : {out.path(), out.file("none")}) {
      const ProgramResult result = overlap_program({command, directory});
      EXPECT_EQ(result.exit_code, 2);
      EXPECT_THAT(result.err, HasSubstr(directory));
    }
  }
  EXPECT_FALSE(out.has(".overlap")) << "looking creates nothing";
}

}  // namespace
}  // namespace overlap
