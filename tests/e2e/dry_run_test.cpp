// `overlap get --dry-run`: says what a run would do, and does nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "e2e/get_program.hpp"
#include "manifest/sqlite.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::TemporaryDirectory;

class DryRun : public testing::Test {
 protected:
  void list(const std::string& text) const { out_.write("urls", text); }
  ProgramResult get(std::vector<std::string> flags = {}) const {
    flags.insert(flags.begin(), {"get", "-i", out_.file("urls"), "-P", saved(), "--retry", "0"});
    return overlap_program(flags);
  }
  ProgramResult dry(std::vector<std::string> flags = {}) const {
    flags.emplace_back("--dry-run");
    return get(std::move(flags));
  }
  std::string saved() const { return out_.file("saved"); }
  std::string url(const std::string& path) const { return origin_.url(path); }

  /// Everything below the directory, with when it last changed.
  std::map<std::string, std::int64_t> state_of_disk() const {
    std::map<std::string, std::int64_t> state;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out_.path())) {
      struct stat status{};
      if (stat(entry.path().c_str(), &status) != 0) continue;
      state[entry.path().string()] = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    return state;
  }

  const Origin origin_;
  const TemporaryDirectory out_;
};

TEST_F(DryRun, SaysWhatWouldGoWhereAndTouchesNothing) {
  list(url("/a.html") + "\n\n" + url("/b/a.html") + "\nnonsense\n" + url("/a.html") + "\n");
  const auto before = state_of_disk();
  const ProgramResult result = dry();
  EXPECT_EQ(result.exit_code, 1) << "a line is bad";
  EXPECT_EQ(result.out, url("/a.html") + "\ta.html\tfetch: new\n" + url("/b/a.html") + "\ta-2.html\tfetch: new\n" +
                            "nonsense\t-\tbad_input: it has no scheme: a URL begins with http:// or https://\n" +
                            url("/a.html") + "\ta.html\tfetch: new\n");
  EXPECT_THAT(result.err, HasSubstr("3 would be fetched, 0 would not, 1 bad lines"));
  EXPECT_EQ(state_of_disk(), before);
  EXPECT_EQ(origin_.requests(), 0U);
}

TEST_F(DryRun, KnowsWhatEarlierRunsHaveDoneAndChangesNothingOfIt) {
  const std::string urls =
      url("/a.html") + "\n" + url("/b.html") + "\n" + url("/status/404") + "\n" + url("/status/503") + "\n";
  list(urls);
  EXPECT_EQ(get().exit_code, 1);
  std::filesystem::remove(saved() + "/b.html");
  list(urls + url("/c.html") + "\n");
  const auto before = state_of_disk();
  const auto asked = origin_.requests();
  EXPECT_EQ(dry().out, url("/a.html") + "\ta.html\tskip: there already\n" + url("/b.html") +
                           "\tb.html\tfetch: the file is gone, or is another one\n" + url("/status/404") +
                           "\t404\tskip: failed for good: http\n" + url("/status/503") +
                           "\t503\tfetch: failed before: http\n" + url("/c.html") + "\tc.html\tfetch: new\n");
  EXPECT_THAT(dry({"-N"}).out, HasSubstr("a.html\tfetch: unless it has not changed\n"));
  EXPECT_THAT(dry({"--retry-failed"}).out, HasSubstr("404\tfetch: failed before: http\n"));
  EXPECT_THAT(dry({"--force"}).out, HasSubstr("a.html\tfetch: new\n"));
  EXPECT_EQ(state_of_disk(), before);
  EXPECT_EQ(origin_.requests(), asked);
  EXPECT_EQ(number(json_of(get({"--json"})), "skipped"), 1) << "what was done is known still";
}

TEST_F(DryRun, ReadsAManifestOfVersion1AsItIs) {
  list(url("/a.html") + "\n");
  EXPECT_EQ(get().exit_code, 0);
  {
    manifest::Database database(saved() + "/.overlap/manifest.sqlite", 2 /* read and write */);
    database.execute("ALTER TABLE items DROP COLUMN kept; PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)");
  }
  EXPECT_THAT(dry().out, HasSubstr("skip: there already"));
}

TEST_F(DryRun, GivesJsonLinesToPrograms) {
  list(url("/a.html") + "\nnonsense\n");
  const ProgramResult result = dry({"--json"});
  const std::size_t end = result.out.find('\n');
  const auto first = boost::json::parse(result.out.substr(0, end));
  EXPECT_EQ(number(first, "entry"), 1);
  EXPECT_EQ(number(first, "line"), 1);
  EXPECT_EQ(first.at("action").as_string(), "fetch");
  EXPECT_EQ(first.at("url").as_string(), url("/a.html"));
  EXPECT_EQ(first.at("path").as_string(), "a.html");
  EXPECT_EQ(first.at("why").as_string(), "new");
  const auto second = boost::json::parse(result.out.substr(end + 1));
  EXPECT_EQ(second.at("action").as_string(), "bad_input");
  EXPECT_TRUE(second.at("path").is_null());
}

TEST_F(DryRun, ANameThatOnlyTheAnswerTellsIsLeftOpen) {
  list(url("/a.html") + "\n");
  EXPECT_EQ(dry({"-o", "{sha256}"}).out, url("/a.html") + "\t-\tfetch: new\n");
  EXPECT_EQ(dry({"--to", "null"}).out, url("/a.html") + "\t-\tfetch: new\n");
}

TEST_F(DryRun, KnowsOfRepeatsAndOfFilesThatAreLeftAlone) {
  list(url("/a.html") + "\n" + url("/b.html") + "\n" + url("/a.html") + "\n");
  std::filesystem::create_directory(saved());
  out_.write("saved/b.html", "mine");
  const std::string out = dry({"--dedupe", "--no-clobber"}).out;
  EXPECT_THAT(out, HasSubstr(url("/b.html") + "\tb.html\tskip: a file of that name is there (--no-clobber)\n"));
  EXPECT_THAT(out, HasSubstr("skip: the same URL as entry 1\n"));
}

TEST_F(DryRun, AListThatChangedIsAnErrorAsInTheRun) {
  list(url("/a.html") + "\n" + url("/b.html") + "\n");
  EXPECT_EQ(get().exit_code, 0);
  list(url("/a.html") + "\n" + url("/c.html") + "\n");
  const ProgramResult changed = dry();
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("its entry 2 was"));
  list(url("/a.html") + "\n");
  EXPECT_THAT(dry().err, HasSubstr("it was cut"));
  list(url("/a.html") + "\n" + url("/b.html") + "\n");
  EXPECT_EQ(dry({"-o", "{index}"}).exit_code, 2);
}

}  // namespace
}  // namespace overlap
