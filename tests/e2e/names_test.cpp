// Names that only the answer tells, and names that mean harm: the real program, real sockets, real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using manifest::ItemRow;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using testing_support::json_of;
using testing_support::number;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

/// A server that has a Content-Disposition for some paths, and as the body of "/x/anything" the text "x".
class Names : public testing::TestWithParam<std::string> {
 protected:
  Names() : server_([this](test::RawConnection& connection) { serve(connection); }) {}

  ProgramResult get(const std::vector<std::string>& paths, std::vector<std::string> flags = {}) {
    std::string list;
    for (const std::string& path : paths) list += server_.url(path) + "\n";
    out_.write("urls", list);
    flags.insert(flags.begin(), {"get", "-i", out_.file("urls"), "-P", saved(), "--json", "--retry", "0"});
    if (std::ranges::find(flags, "--model") == flags.end()) flags.insert(flags.end(), {"--model", GetParam()});
    meet_the_server();
    auto result = overlap_program(flags);
    meet_the_server();
    return result;
  }
  std::string saved() const { return out_.file("saved"); }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const std::string& file : out_.files()) {
      if (file.starts_with("saved/") && !file.starts_with("saved/.overlap/lock") &&
          !file.starts_with("saved/.overlap/manifest"))
        found.push_back(file.substr(6));
    }
    return found;
  }
  std::string saved(const std::string& name) const { return out_.read("saved/" + name); }

  std::map<std::string, std::string> dispositions_;  // by path; filled before anything is asked for
  std::map<std::string, std::string> bodies_;
  const TemporaryDirectory out_;

 private:
  /// What was filled before is seen by the server's threads, and what they have read may be changed after. That the
  /// program runs in between orders it too, but no sanitizer sees that.
  void meet_the_server() const { const std::lock_guard lock(mutex_); }

  void serve(test::RawConnection& connection) const {
    while (const auto request = connection.read_request()) {
      const std::lock_guard lock(mutex_);
      const std::size_t begin = request->find(' ') + 1;
      const std::string path = request->substr(begin, request->find(' ', begin) - begin);
      const auto known = bodies_.find(path);
      const std::string body = known != bodies_.end() ? known->second : path.substr(1, 1);
      std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
      const auto disposition = dispositions_.find(path);
      if (disposition != dispositions_.end()) head += "Content-Disposition: " + disposition->second + "\r\n";
      if (!connection.send(head + "\r\n" + body)) return;
    }
  }

  mutable std::mutex mutex_;

 protected:
  const test::RawServer server_;  // the last: its threads use all of the above
};

std::string digest_of(const std::string& text) { return cli::sha256(text).hex(); }

TEST_P(Names, ContentDispositionNamesTheFile) {
  dispositions_ = {{"/a/get?id=1", "attachment; filename=\"report.pdf\""},
                   {"/b/get?id=2", "inline; filename*=UTF-8''%E2%82%AC.txt"}};
  const ProgramResult result = get({"/a/get?id=1", "/b/get?id=2", "/c/plain.html"}, {"--content-disposition"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), UnorderedElementsAre("report.pdf", "€.txt", "plain.html"));
  EXPECT_EQ(saved("report.pdf"), "a");
  EXPECT_EQ(saved("plain.html"), "c");
  EXPECT_EQ(rows_of(saved()).at(0).path, "report.pdf");
}

TEST_P(Names, WithoutTheFlagTheHeaderSaysNothing) {
  dispositions_ = {{"/a/x", "attachment; filename=y"}};
  EXPECT_EQ(get({"/a/x"}).exit_code, 0);
  EXPECT_THAT(files(), ElementsAre("x"));
}

TEST_P(Names, ANameFromTheServerStaysInTheDirectory) {
  dispositions_ = {{"/a/1", "attachment; filename=\"../../../tmp/up\""},
                   {"/b/2", "attachment; filename=\".bashrc\""},
                   {"/c/3", "attachment; filename=\"-rf\""},
                   {"/d/4", "attachment; filename*=UTF-8''a%00b%0Ac%1b[2J"},
                   {"/e/5", "attachment; filename=\"caf\xe9\""},
                   {"/f/6", "attachment; filename=\"" + std::string(400, 'n') + ".html\""},
                   {"/g/7", "attachment; filename=\"..\""}};
  const ProgramResult result =
      get({"/a/1", "/b/2", "/c/3", "/d/4", "/e/5", "/f/6", "/g/7"}, {"--content-disposition", "-v"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), UnorderedElementsAre("up", "%2Ebashrc", "%2Drf", "a%00b%0Ac%1B[2J", "caf%E9",
                                            testing::MatchesRegex("n+-[0-9a-f]{16}.html"), "7"));
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
}

TEST_P(Names, TwoBodiesOfOneNameAreBothKept) {
  std::vector<std::string> paths;
  std::vector<std::string> bodies;
  for (char c = 'a'; c <= 'm'; ++c) {
    paths.push_back("/" + std::string(1, c) + "/get");
    bodies.push_back(std::string(1, c));
    dispositions_[paths.back()] = c % 2 == 0 ? "attachment; filename=Same.txt" : "attachment; filename=same.TXT";
  }
  EXPECT_EQ(get(paths, {"--content-disposition"}).exit_code, 0);
  std::vector<std::string> found;
  for (const ItemRow& row : rows_of(saved())) found.push_back(saved(row.path));
  EXPECT_EQ(found, bodies) << "each row names the file of its own body";
  EXPECT_EQ(files().size(), 13U);
}

TEST_P(Names, AResumedRunTakesNoNameThatAnEarlierOneHasGiven) {
  dispositions_ = {
      {"/a/x", "attachment; filename=n"}, {"/b/x", "attachment; filename=n"}, {"/c/x", "attachment; filename=n"}};
  EXPECT_EQ(get({"/a/x", "/b/x"}, {"--content-disposition"}).exit_code, 0);
  const std::vector<ItemRow> before = rows_of(saved());
  std::filesystem::remove(saved() + "/" + before.at(0).path);
  EXPECT_EQ(number(json_of(get({"/a/x", "/b/x", "/c/x"}, {"--content-disposition"})), "ok"), 2);
  const std::vector<ItemRow> rows = rows_of(saved());
  EXPECT_EQ(rows.at(0).path, before.at(0).path);
  EXPECT_EQ(saved(rows.at(0).path), "a");
  EXPECT_EQ(saved(rows.at(1).path), "b");
  EXPECT_EQ(saved(rows.at(2).path), "c");
  EXPECT_EQ(number(json_of(get({"/a/x", "/b/x", "/c/x"}, {"--content-disposition"})), "skipped"), 3);
}

TEST_P(Names, ABodyThatHasChangedStaysUnderTheNameThatItHad) {
  dispositions_ = {{"/a/x", "attachment; filename=n.txt"}, {"/b/x", "attachment; filename=n.txt"}};
  EXPECT_EQ(get({"/a/x", "/b/x"}, {"--content-disposition"}).exit_code, 0);
  const std::vector<ItemRow> before = rows_of(saved());
  EXPECT_EQ(number(json_of(get({"/a/x", "/b/x"}, {"--content-disposition", "-N"})), "ok"), 2);
  EXPECT_EQ(rows_of(saved()).at(0).path, before.at(0).path);
  EXPECT_EQ(rows_of(saved()).at(1).path, before.at(1).path);
  EXPECT_EQ(files().size(), 2U);
}

TEST_P(Names, OtherNamesForTheSameListAreRefused) {
  EXPECT_EQ(get({"/a/x"}, {"--content-disposition"}).exit_code, 0);
  const ProgramResult result = get({"/a/x"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--content-disposition"));
}

TEST_P(Names, TheDigestOfTheBodyMayBeItsName) {
  bodies_ = {{"/a/p.png", "picture"}, {"/b/q.png", "picture"}, {"/c/r", "other"}};
  const ProgramResult result = get({"/a/p.png", "/b/q.png", "/c/r"}, {"-o", "{sha256}.{ext}"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), UnorderedElementsAre(digest_of("picture") + ".png", digest_of("other")))
      << "one file for one body";
  EXPECT_EQ(saved(digest_of("picture") + ".png"), "picture");
  EXPECT_EQ(number(json_of(get({"/a/p.png", "/b/q.png", "/c/r"}, {"-o", "{sha256}.{ext}"})), "skipped"), 3);
  EXPECT_EQ(overlap_program({"verify", saved()}).exit_code, 0);
}

TEST_P(Names, WhatIsThereIsLeftAloneUnderNoClobberAlsoWhenTheNameComesLate) {
  dispositions_ = {{"/a/x", "attachment; filename=n"}};
  std::filesystem::create_directory(saved());
  out_.write("saved/n", "mine");
  const ProgramResult result = get({"/a/x"}, {"--content-disposition", "--no-clobber"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "skipped"), 1);
  EXPECT_EQ(saved("n"), "mine");
  EXPECT_THAT(files(), ElementsAre("n"));
  EXPECT_EQ(rows_of(saved()).at(0).bytes, 4U);
  EXPECT_EQ(rows_of(saved()).at(0).sha256, "");
}

TEST_P(Names, ALateNameThatIsADirectoryIsAnErrorAndLeavesNothing) {
  dispositions_ = {{"/a/x", "attachment; filename=taken"}};
  std::filesystem::create_directories(saved() + "/taken");
  const ProgramResult result = get({"/a/x"}, {"--content-disposition"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("disk: "));
  EXPECT_THAT(files(), ElementsAre());
}

TEST_P(Names, ALateNameDoesNotFollowALink) {
  dispositions_ = {{"/a/x", "attachment; filename=link"}};
  out_.write("outside", "mine");
  std::filesystem::create_directory(saved());
  ASSERT_EQ(symlink(out_.file("outside").c_str(), (saved() + "/link").c_str()), 0);
  EXPECT_EQ(get({"/a/x"}, {"--content-disposition"}).exit_code, 0);
  EXPECT_EQ(out_.read("outside"), "mine");
  EXPECT_EQ(saved("link"), "a");
}

TEST_P(Names, NamesOfUrlsStayInTheDirectory) {
  const ProgramResult result =
      get({"/a/..%2f..%2fup", "/b/%2e%2e/x", "/c/%00%0a", "/d/.hidden", "/e/-x", "/f/back%5cslash", "/g/%ff%fe"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(),
              UnorderedElementsAre("%2E.%2F..%2Fup", "x", "%00%0A", "%2Ehidden", "%2Dx", "back%5Cslash", "%FF%FE"));
}

TEST_P(Names, NamesThatDifferOnlyInCaseOrAreFileAndDirectoryGetNumbers) {
  const ProgramResult result = get({"/a/Page.html", "/b/page.html", "/c/PAGE.html"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), UnorderedElementsAre("Page.html", "page-2.html", "PAGE-3.html"));
  const ProgramResult deep = get({"/a", "/a/b", "/A/c"}, {"-o", "{path}", "--force"});
  EXPECT_EQ(deep.exit_code, 0) << deep.err;
  EXPECT_EQ(saved("a"), "a");
  EXPECT_EQ(saved("a-2/b"), "a");
  EXPECT_EQ(saved("A-2/c"), "A");
}

INSTANTIATE_TEST_SUITE_P(Models, Names, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace overlap
