// `overlap get` again in the same directory: the manifest, and what it saves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "manifest/sqlite.hpp"

namespace overlap {
namespace {

using manifest::ItemRow;
using manifest::State;
using testing::HasSubstr;
using testing::Not;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

/// A list, a directory to fetch it into, and an origin.
class Resume : public testing::Test {
 protected:
  std::string saved() const { return out_.file("saved"); }
  std::string saved(const std::string& name) const { return out_.file("saved/" + name); }

  void list(const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) text += (path.starts_with('/') ? origin_.url(path) : path) + "\n";
    out_.write("urls", text);
  }

  ProgramResult get(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"get", "-i", out_.file("urls"), "-P", saved(), "--json", "--retry", "0"});
    return overlap_program(flags);
  }

  ProgramResult get_stream(const std::string& text, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"get", "-i", "-", "-P", saved(), "--json", "--retry", "0"});
    return overlap_program(flags, text);
  }

  std::vector<std::string> pages(int count) const {
    std::vector<std::string> paths;
    for (int i = 1; i <= count; ++i) paths.push_back("/page-" + std::to_string(i) + ".html");
    return paths;
  }

  const Origin origin_;
  const TemporaryDirectory out_;
};

TEST_F(Resume, EveryEntryHasARowThatTellsItsOutcome) {
  list({"/a.html", "/status/404", "no url", "/redirect/2"});
  EXPECT_EQ(get().exit_code, 1);
  const std::vector<ItemRow> rows = rows_of(saved());
  ASSERT_EQ(rows.size(), 4U);
  const std::string body = Origin::body_of("/a.html");
  EXPECT_EQ(rows[0].ordinal, 1U);
  EXPECT_EQ(rows[0].line, 1U);
  EXPECT_EQ(rows[0].url, origin_.url("/a.html"));
  EXPECT_EQ(rows[0].final_url, rows[0].url);
  EXPECT_EQ(rows[0].state, State::ok);
  EXPECT_EQ(rows[0].http_status, 200);
  EXPECT_EQ(rows[0].tries, 1);
  EXPECT_EQ(rows[0].bytes, body.size());
  EXPECT_EQ(rows[0].sha256, cli::sha256(body).hex());
  EXPECT_THAT(rows[0].content_type, HasSubstr("text/html"));
  EXPECT_NE(rows[0].etag, "");
  EXPECT_NE(rows[0].last_modified, "");
  EXPECT_EQ(rows[0].path, "a.html");
  EXPECT_THAT(rows[0].started, testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
  EXPECT_GE(rows[0].finished, rows[0].started);
  EXPECT_EQ(rows[1].state, State::failed);
  EXPECT_EQ(rows[1].error_class, "http");
  EXPECT_EQ(rows[1].http_status, 404);
  EXPECT_EQ(rows[2].state, State::bad_input);
  EXPECT_EQ(rows[2].line, 3U);
  EXPECT_NE(rows[2].message, "");
  EXPECT_EQ(rows[3].state, State::ok);
  EXPECT_NE(rows[3].final_url, rows[3].url);
}

TEST_F(Resume, WhatIsDoneIsNotAskedForAgainUnderWhicheverModel) {
  list(pages(40));
  EXPECT_EQ(get().exit_code, 0);
  const std::uint64_t asked = origin_.requests();
  for (const std::string model : {"inline", "threads", "loop", "processes"}) {
    const ProgramResult again = get({"--model", model});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(number(json_of(again), "items"), 40) << model;
    EXPECT_EQ(number(json_of(again), "skipped"), 40) << model;
  }
  EXPECT_EQ(origin_.requests(), asked);
}

TEST_F(Resume, InALongListTooEachFileIsLookedFor) {
  std::vector<std::string> paths;
  for (int i = 1; i <= 2600; ++i) paths.push_back("/bytes/1?" + std::to_string(i));
  list(paths);
  EXPECT_EQ(get({"-o", "{index}"}).exit_code, 0);
  for (const char* name : {"1", "1024", "1025", "2049", "2600"}) unlink(saved(name).c_str());
  std::ofstream(saved("1500"), std::ios::app) << "more";
  const ProgramResult again = get({"-o", "{index}"});
  EXPECT_EQ(number(json_of(again), "ok"), 6) << again.err;
  EXPECT_EQ(number(json_of(again), "skipped"), 2594);
}

TEST_F(Resume, AFileThatIsGoneOrOfAnotherSizeIsFetchedAgain) {
  list({"/a.html", "/b.html", "/c.html", "/d/d.html"});
  EXPECT_EQ(get({"-o", "{path}"}).exit_code, 0);
  unlink(saved("a.html").c_str());
  std::ofstream(saved("b.html"), std::ios::app) << "more";
  std::filesystem::remove_all(saved("d"));
  const ProgramResult again = get({"-o", "{path}"});
  EXPECT_EQ(number(json_of(again), "ok"), 3);
  EXPECT_EQ(number(json_of(again), "skipped"), 1);
  for (const std::string name : {"a.html", "b.html", "c.html", "d/d.html"}) {
    EXPECT_EQ(out_.read("saved/" + name), Origin::body_of("/" + name)) << name;
  }
}

TEST_F(Resume, ALinkWhereAFileWasStoredIsNoFile) {
  list({"/a.html"});
  EXPECT_EQ(get().exit_code, 0);
  std::filesystem::rename(saved("a.html"), out_.file("elsewhere"));
  ASSERT_EQ(symlink(out_.file("elsewhere").c_str(), saved("a.html").c_str()), 0);
  EXPECT_EQ(number(json_of(get()), "ok"), 1);
  EXPECT_FALSE(std::filesystem::is_symlink(saved("a.html")));
}

TEST_F(Resume, AFailureThatMayPassIsFetchedAgain) {
  list({"/fault/flaky/1/x", "/a.html"});
  EXPECT_EQ(get().exit_code, 1);
  EXPECT_TRUE(rows_of(saved())[0].may_pass);
  const ProgramResult again = get();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(number(json_of(again), "ok"), 1);
  EXPECT_EQ(number(json_of(again), "skipped"), 1);
}

TEST_F(Resume, AFailureForGoodIsCountedButAskedForAgainOnlyOnRequest) {
  list({"/status/404", "/a.html"});
  EXPECT_EQ(get().exit_code, 1);
  const std::uint64_t asked = origin_.requests();
  const ProgramResult again = get();
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(number(json_of(again), "failed"), 1);
  EXPECT_EQ(number(json_of(again).at("errors"), "http"), 1);
  EXPECT_THAT(again.err, HasSubstr("--retry-failed"));
  EXPECT_EQ(origin_.requests(), asked);
  EXPECT_EQ(get({"--retry-failed"}).exit_code, 1);
  EXPECT_EQ(origin_.requests(), asked + 1);
}

TEST_F(Resume, ForceFetchesEverything) {
  list(pages(3));
  get();
  const ProgramResult forced = get({"--force"});
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
  EXPECT_EQ(number(json_of(forced), "ok"), 3);
  EXPECT_EQ(rows_of(saved()).size(), 3U);
}

TEST_F(Resume, AListThatChangedIsSaidAndNothingIsFetchedWithoutForce) {
  const std::vector<std::vector<std::string>> changes = {
      {"/new.html", "/page-1.html", "/page-2.html", "/page-3.html"},  // one more before
      {"/page-1.html", "/page-3.html"},                               // one less within
      {"/page-1.html", "/other.html", "/page-3.html"},                // another one
      {"/page-3.html", "/page-2.html", "/page-1.html"},               // another order
      {"/page-1.html", "not a url", "/page-3.html"},                  // a bad one
      {"/page-1.html", "/page-2.html"},                               // cut
  };
  for (const auto& change : changes) {
    std::filesystem::remove_all(saved());
    list(pages(3));
    EXPECT_EQ(get().exit_code, 0);
    const std::uint64_t asked = origin_.requests();
    list(change);
    const ProgramResult stopped = get();
    EXPECT_EQ(stopped.exit_code, 2) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("--force"));
    EXPECT_EQ(origin_.requests(), asked);
    EXPECT_EQ(rows_of(saved()).size(), 3U) << "the outcomes of the list as it was are kept";
    const ProgramResult forced = get({"--force"});
    EXPECT_NE(forced.exit_code, 2) << forced.err;
    EXPECT_EQ(rows_of(saved()).size(), change.size());
  }
}

TEST_F(Resume, AListThatGrewIsFetchedFromWhereItEnded) {
  list(pages(3));
  EXPECT_EQ(get().exit_code, 0);
  list(pages(5));
  const ProgramResult grown = get();
  EXPECT_EQ(grown.exit_code, 0) << grown.err;
  EXPECT_EQ(number(json_of(grown), "ok"), 2);
  EXPECT_EQ(number(json_of(grown), "skipped"), 3);
}

TEST_F(Resume, AStreamIsComparedLikeAFile) {
  const std::string one = origin_.url("/1.html") + "\n";
  const std::string two = origin_.url("/2.html") + "\n";
  EXPECT_EQ(get_stream(one).exit_code, 0);
  EXPECT_EQ(number(json_of(get_stream(one + two)), "skipped"), 1);
  EXPECT_EQ(get_stream(two + one).exit_code, 2);
}

TEST_F(Resume, OtherUrlsOnTheCommandLineAreAnotherList) {
  const auto get_url = [this](const std::string& path) {
    return overlap_program({"get", origin_.url(path), "-P", saved(), "--json"});
  };
  EXPECT_EQ(get_url("/a.html").exit_code, 0);
  EXPECT_EQ(get_url("/b.html").exit_code, 0);
  EXPECT_EQ(number(json_of(get_url("/a.html")), "skipped"), 1);
  EXPECT_EQ(rows_of(saved()).size(), 2U);
}

TEST_F(Resume, AListAndItsDirectoryMayBeMovedTogether) {
  std::filesystem::create_directory(out_.file("old"));
  out_.write("old/urls", origin_.url("/a.html") + "\n");
  const auto get_in = [this](const std::string& where) {
    return overlap_program({"get", "-i", out_.file(where + "/urls"), "-P", out_.file(where + "/saved"), "--json"});
  };
  EXPECT_EQ(get_in("old").exit_code, 0);
  std::filesystem::rename(out_.file("old"), out_.file("new"));
  EXPECT_EQ(number(json_of(get_in("new")), "skipped"), 1);
}

TEST_F(Resume, NamesMadeInAnotherWayAreRefused) {
  list(pages(2));
  EXPECT_EQ(get().exit_code, 0);
  const ProgramResult refused = get({"-o", "{index}-{name}"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("{name}"));
  EXPECT_EQ(get({"-o", "{index}-{name}", "--force"}).exit_code, 0);
  EXPECT_TRUE(out_.has("saved/1-page-1.html"));
}

TEST_F(Resume, EntriesThatShareANameKeepTheirsWhenTheyAreFetchedAgain) {
  list({"/a/x.html", "/b/x.html", "/c/x.html"});
  EXPECT_EQ(get().exit_code, 0);
  unlink(saved("x-2.html").c_str());
  EXPECT_EQ(number(json_of(get()), "ok"), 1);
  EXPECT_EQ(out_.read("saved/x.html"), Origin::body_of("/a/x.html"));
  EXPECT_EQ(out_.read("saved/x-2.html"), Origin::body_of("/b/x.html"));
  EXPECT_EQ(out_.read("saved/x-3.html"), Origin::body_of("/c/x.html"));
}

TEST_F(Resume, TimestampingKeepsWhatTheServerSaysIsUnchanged) {
  list(pages(3));
  EXPECT_EQ(get().exit_code, 0);
  unlink(saved("page-2.html").c_str());
  const std::uint64_t asked = origin_.requests();
  for (const std::string model : {"loop", "processes"}) {
    const ProgramResult again = get({"-N", "--model", model});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(number(json_of(again), "ok"), model == "loop" ? 1 : 0);  // the one that is gone is asked for as if new
    EXPECT_EQ(number(json_of(again), "skipped"), model == "loop" ? 2 : 3);
  }
  EXPECT_EQ(origin_.requests(), asked + 6);
  EXPECT_EQ(out_.read("saved/page-2.html"), Origin::body_of("/page-2.html"));
}

TEST_F(Resume, ARepeatedUrlIsFetchedOnceAndAccountedForEachTime) {
  for (const std::string to : {"files", "null"}) {
    std::filesystem::remove_all(saved());
    list({"/a.html", "/b.html", "/a.html", "/status/404", "/a.html", "/status/404"});
    const std::uint64_t asked = origin_.requests();
    const ProgramResult result = get({"--dedupe", "--to", to});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(number(json_of(result), "items"), 6);
    EXPECT_EQ(number(json_of(result), "ok"), 4);
    EXPECT_EQ(number(json_of(result), "failed"), 2);
    EXPECT_EQ(number(json_of(result), "repeated"), 2);
    EXPECT_EQ(origin_.requests(), asked + 3) << to;
    if (to == "null") continue;
    const std::vector<ItemRow> rows = rows_of(saved());
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(rows[2].same_as, 1U);
    EXPECT_EQ(rows[2].path, "a.html");
    EXPECT_EQ(rows[5].same_as, 4U);
    EXPECT_EQ(rows[5].state, State::failed);
    EXPECT_EQ(number(json_of(get({"--dedupe"})), "skipped"), 4);
    EXPECT_EQ(origin_.requests(), asked + 3);
  }
}

TEST_F(Resume, RepeatsAreKnownAgainWhateverTheTemplateAndAlsoWithoutDedupe) {
  for (const std::string names : {"{index}", "{host}/{index}", "{name}"}) {
    std::filesystem::remove_all(saved());
    list({"/a.html", "/b.html", "/a.html"});
    EXPECT_EQ(get({"--dedupe", "-o", names}).exit_code, 0);
    EXPECT_EQ(number(json_of(get({"--dedupe", "-o", names})), "skipped"), 3) << names;
    EXPECT_EQ(number(json_of(get({"-o", names})), "skipped"), 3) << names;
  }
}

TEST_F(Resume, SecretsOfAUrlOrAHeaderAreStoredNowhere) {
  std::string url = origin_.url("/a.html");
  url.insert(url.find("//") + 2, "jane:s3cretword@");
  list({url});
  out_.write("headers", "Authorization: Bearer s3cretword\n");
  EXPECT_EQ(get({"-H", "@" + out_.file("headers")}).exit_code, 0);
  EXPECT_EQ(overlap_program({"get", url + "?2", "-P", saved()}).exit_code, 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(saved())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(out_.read("saved/" + std::filesystem::relative(entry.path(), saved()).string()),
                Not(HasSubstr("s3cretword")))
        << entry.path();
  }
}

TEST_F(Resume, AFileLeftAloneByNoClobberIsAnOutcomeToo) {
  std::filesystem::create_directory(saved());
  out_.write("saved/a.html", "mine");
  list({"/a.html"});
  EXPECT_EQ(get({"-nc"}).exit_code, 0);
  const std::vector<ItemRow> rows = rows_of(saved());
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].bytes, 4U);
  EXPECT_EQ(rows[0].sha256, "");
  EXPECT_EQ(overlap_program({"verify", saved()}).exit_code, 0);
}

TEST_F(Resume, EachWayToSyncStoresTheSame) {
  for (const std::string fsync : {"none", "batch", "each"}) {
    std::filesystem::remove_all(saved());
    list(pages(20));
    EXPECT_EQ(get({"--fsync", fsync}).exit_code, 0);
    EXPECT_FALSE(out_.has("saved/.overlap/manifest.sqlite-wal")) << "the log is in the database at the end";
    EXPECT_EQ(rows_of(saved()).size(), 20U);
    manifest::Database database(saved(".overlap/manifest.sqlite"), 1);  // read-only
    EXPECT_EQ(database.integer("SELECT count(*) FROM unsynced"), 0) << fsync;
    EXPECT_EQ(database.integer("SELECT count(*) FROM items WHERE batch IS NOT NULL"), fsync == "batch" ? 20 : 0);
  }
}

// ---- Manifests that cannot be used

class BadManifest : public Resume {
 protected:
  BadManifest() {
    list(pages(2));
    EXPECT_EQ(get().exit_code, 0);
  }
  std::string file() const { return saved(".overlap/manifest.sqlite"); }
  void expect_refused(int code, const std::string& why) {
    for (const ProgramResult& result : {get(), overlap_program({"status", saved()})}) {
      EXPECT_NE(result.exit_code, 0);
      EXPECT_THAT(result.err, HasSubstr(why));
      EXPECT_THAT(result.err, HasSubstr("manifest.sqlite"));
    }
    EXPECT_EQ(get().exit_code, code);
  }
};

TEST_F(BadManifest, OfANewerVersionIsRefused) {
  manifest::Database(file(), 2).execute("PRAGMA user_version = 99");  // read-write
  expect_refused(3, "newer version");
}

TEST_F(BadManifest, ThatIsSomethingElseIsRefused) {
  std::ofstream(file(), std::ios::trunc) << std::string(8192, 'x');
  expect_refused(3, "no manifest");
}

TEST_F(BadManifest, ThatIsDamagedIsNamed) {
  std::fstream(file(), std::ios::in | std::ios::out).seekp(4096) << std::string(4096 * 6, '\xff');
  const ProgramResult result = get();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("damaged"));
  EXPECT_EQ(overlap_program({"verify", saved()}).exit_code, 3);
}

TEST_F(BadManifest, ThatIsALinkIsNotFollowed) {
  std::filesystem::rename(file(), out_.file("elsewhere"));
  ASSERT_EQ(symlink(out_.file("elsewhere").c_str(), file().c_str()), 0);
  EXPECT_EQ(get().exit_code, 3);
}

}  // namespace
}  // namespace overlap
