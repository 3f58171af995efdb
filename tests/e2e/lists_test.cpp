// `overlap get -i` of lists in every format: the real program, real sockets, real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "manifest/sqlite.hpp"
#include "support/gzip.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using manifest::ItemRow;
using manifest::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

class Lists : public testing::Test {
 protected:
  ProgramResult get(const std::string& list, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"get", "-i", out_.file(list), "-P", saved(), "--json", "--retry", "0"});
    return overlap_program(flags);
  }
  ProgramResult get_stream(const std::string& text, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"get", "-i", "-", "-P", saved(), "--json", "--retry", "0"});
    return overlap_program(flags, text);
  }
  void write(const std::string& name, const std::string& text) const { out_.write(name, text); }
  std::string url(const std::string& path) const { return origin_.url(path); }
  std::string saved() const { return out_.file("saved"); }
  /// What is saved.
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const std::string& file : out_.files()) {
      if (file.starts_with("saved/") && !file.starts_with("saved/.overlap/")) found.push_back(file.substr(6));
    }
    return found;
  }

  const Origin origin_;
  const TemporaryDirectory out_;
};

TEST_F(Lists, ATableIsFetchedUnderItsNames) {
  write("list.csv", "id,url,file\n1," + url("/a.html") + ",one/first.html\n2," + url("/b.html") + ",\n");
  const ProgramResult result = get("list.csv", {"--name-col", "file", "--keep-cols", "id,file"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), ElementsAre("b.html", "one/first.html"));
  EXPECT_EQ(out_.read("saved/one/first.html"), Origin::body_of("/a.html"));
  const std::vector<ItemRow> rows = rows_of(saved());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].kept, R"({"id":"1","file":"one/first.html"})");
  EXPECT_EQ(rows[1].kept, R"({"id":"2","file":""})");
  EXPECT_EQ(rows[0].line, 2U);
}

TEST_F(Lists, TheSameListIsReadFromEveryFormatAlsoCompressed) {
  const std::string a = url("/a.html");
  const std::string b = url("/b.html");
  const std::vector<std::pair<std::string, std::string>> lists = {
      {"l.txt", a + "\n" + b + "\n"},
      {"l.csv", "url,x\n" + a + ",1\n\"" + b + "\",2\n"},
      {"l.tsv", "url\tx\n" + a + "\t1\n" + b + "\t2\n"},
      {"l.jsonl", "{\"url\":\"" + a + "\"}\n{\"url\":\"" + b + "\"}\n"},
  };
  for (const auto& [name, text] : lists) {
    for (const bool is_packed : {false, true}) {
      const std::string content = is_packed ? test::gzip(text) : text;
      const std::string file = is_packed ? name + ".gz" : name;
      write(file, content);
      EXPECT_EQ(number(json_of(get(file, {"--force"})), "ok"), 2) << file;
      write("nameless", content);
      EXPECT_EQ(number(json_of(get("nameless", {"--force"})), "ok"), 2) << file << " by its content";
      EXPECT_EQ(number(json_of(get_stream(content, {"--force"})), "ok"), 2) << file << " as a stream";
      const std::string format = name.substr(2);
      EXPECT_EQ(number(json_of(get("nameless", {"--force", "--format", format})), "ok"), 2) << file << " by its flag";
    }
  }
}

TEST_F(Lists, BadRowsHaveTheirLineAndTheRestGoesOn) {
  write("list.csv", "\xEF\xBB\xBFurl,x\r\n" + url("/a.html") + ",1\r\n\r\nhttp://b/\xff,2\r\n" + url("/c.html") +
                        ",\"two\r\nlines\"\r\nfile:///etc/passwd,3\r\n" + std::string(1 << 20, 'x') +
                        "\r\nhttp://d/,\"q\"q\r\n" + url("/e.html") + ",4\r\n");
  const ProgramResult result = get("list.csv");
  EXPECT_EQ(result.exit_code, 1);
  const auto summary = json_of(result);
  EXPECT_EQ(number(summary, "items"), 7);
  EXPECT_EQ(number(summary, "ok"), 3);
  EXPECT_EQ(number(summary, "bad_input"), 4);
  const std::vector<ItemRow> rows = rows_of(saved());
  ASSERT_EQ(rows.size(), 7U);
  for (const auto& [index, line] : {std::pair(1, 4), {3, 7}, {4, 8}, {5, 9}}) {
    EXPECT_EQ(rows.at(index).state, State::bad_input) << index;
    EXPECT_EQ(rows.at(index).line, line);
    EXPECT_THAT(result.err, HasSubstr("line " + std::to_string(line)));
  }
  EXPECT_EQ(rows[2].line, 5U);
  EXPECT_EQ(rows[6].line, 10U);
  const ProgramResult again = get("list.csv");
  EXPECT_EQ(number(json_of(again), "skipped"), 3) << again.err;
  EXPECT_EQ(number(json_of(again), "bad_input"), 4);
}

TEST_F(Lists, AWrongColumnNameIsAUsageErrorThatListsTheColumnsAndTouchesNothing) {
  write("list.csv", "id,link\n1," + url("/a.html") + "\n");
  const ProgramResult result = get("list.csv");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--url-col: there is no column 'url'; there are id, link"));
  EXPECT_FALSE(out_.has("saved"));
  EXPECT_EQ(origin_.requests(), 0U);
  write("list.jsonl", "{\"link\":\"" + url("/a.html") + "\"}\n");
  EXPECT_THAT(get("list.jsonl", {"--url-col", "uri"}).err, HasSubstr("it has link"));
  write("list.txt", url("/a.html") + "\n");
  EXPECT_EQ(get("list.txt", {"--name-col", "x"}).exit_code, 2);
  EXPECT_EQ(get("list.txt", {"--keep-cols", "a,,b"}).exit_code, 2);
  EXPECT_EQ(get("list.txt", {"--format", "xml"}).exit_code, 2);
}

TEST_F(Lists, AGzippedListThatIsCutShortSaysSoAndExitsWith2) {
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += url("/page-" + std::to_string(i)) + "\n";
  const std::string whole = test::gzip(lines);
  write("list.gz", whole.substr(0, whole.size() - 4));
  for (const auto& result : {get("list.gz", {"--to", "null"}), get_stream(whole.substr(0, 200), {"--to", "null"})}) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("its gzip data is cut short"));
  }
}

TEST_F(Lists, ABodyOfAnotherDigestGetsNoName) {
  const std::string right = cli::sha256(Origin::body_of("/a.html")).hex();
  write("list.csv", "url,sha\n" + url("/a.html") + "," + right + "\n" + url("/b.html") + "," + right + "\n" +
                        url("/c.html") + ",\n");
  const ProgramResult result = get("list.csv", {"--hash-col", "sha"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(files(), ElementsAre("a.html", "c.html"));
  EXPECT_EQ(number(json_of(result).at("errors"), "digest"), 1);
  EXPECT_THAT(result.err, HasSubstr("/b.html: digest: the body has SHA-256"));
  EXPECT_EQ(rows_of(saved())[1].error_class, "digest");
  const ProgramResult dropped = get("list.csv", {"--hash-col", "sha", "--to", "null"});
  EXPECT_EQ(number(json_of(dropped).at("errors"), "digest"), 1) << "what is not saved is checked too";
}

TEST_F(Lists, WhatIsThereWithAnotherDigestThanTheListNowWantsIsFetchedAgain) {
  write("list.csv", "url,sha\n" + url("/a.html") + ",\n");
  EXPECT_EQ(get("list.csv", {"--hash-col", "sha"}).exit_code, 0);
  write("list.csv", "url,sha\n" + url("/a.html") + "," + std::string(64, '0') + "\n");
  EXPECT_EQ(number(json_of(get("list.csv", {"--hash-col", "sha", "-N"})).at("errors"), "digest"), 1);
  write("list.csv", "url,sha\n" + url("/a.html") + "," + cli::sha256(Origin::body_of("/a.html")).hex() + "\n");
  EXPECT_EQ(number(json_of(get("list.csv", {"--hash-col", "sha", "--retry-failed"})), "ok"), 1);
  EXPECT_EQ(number(json_of(get("list.csv", {"--hash-col", "sha"})), "skipped"), 1);
}

TEST_F(Lists, HeadersOfARowGoWithItsRequestOnlyAndNotToAnotherOrigin) {
  const test::RawServer other("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  const test::RawServer server("HTTP/1.1 302 Found\r\nLocation: " + other.url("/x") +
                               "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  write("list.jsonl", "{\"url\":\"" + server.url("/1") +
                          "\",\"h\":{\"X-One\":\"1\",\"Authorization\":\"Bearer s3cret\"}}\n{\"url\":\"" +
                          server.url("/2") + "\",\"h\":\"X-Two: 2\\r\\nX-Three: 3\"}\n");
  EXPECT_EQ(get("list.jsonl", {"--header-col", "h", "-H", "X-All: a", "--model", "inline"}).exit_code, 0);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], testing::AllOf(HasSubstr("X-One: 1\r\n"), HasSubstr("Bearer s3cret"),
                                          HasSubstr("X-All: a\r\n"), Not(HasSubstr("X-Two"))));
  EXPECT_THAT(requests[1], testing::AllOf(HasSubstr("X-Two: 2\r\n"), HasSubstr("X-Three: 3\r\n"),
                                          HasSubstr("X-All: a\r\n"), Not(HasSubstr("X-One"))));
  for (const std::string& request : other.requests()) EXPECT_THAT(request, Not(HasSubstr("X-")));
  EXPECT_THAT(out_.read("saved/.overlap/manifest.sqlite"), Not(HasSubstr("s3cret")));
}

TEST_F(Lists, ALineBreakInAHeaderIsRefusedBeforeAnythingIsSent) {
  write("list.jsonl", "{\"url\":\"" + url("/a.html") + "\",\"h\":{\"X\":\"1\\r\\nHost: evil\"}}\n");
  const ProgramResult result = get("list.jsonl", {"--header-col", "h"});
  EXPECT_EQ(number(json_of(result), "bad_input"), 1);
  EXPECT_THAT(result.err,
              HasSubstr("line 1: " + url("/a.html") + ": bad_input: headers: the value of X has a line break"));
  EXPECT_EQ(origin_.requests(), 0U);
}

TEST_F(Lists, WhatFailedIsAListThatKeepsItsColumns) {
  write("list.csv", "id,url,status\n7," + url("/status/404") + ",mine\n8," + url("/a.html") + ",mine\n");
  EXPECT_EQ(get("list.csv", {"--keep-cols", "id,status"}).exit_code, 1);
  const ProgramResult failed = overlap_program({"status", saved(), "--failed"});
  const auto line = boost::json::parse(failed.out);
  EXPECT_EQ(line.at("id").as_string(), "7");
  EXPECT_EQ(line.at("status").as_string(), "mine") << "a column of the list is given as the list had it";
  EXPECT_EQ(line.at("error").as_string(), "http");
  write("failed.jsonl", failed.out);
  const ProgramResult again = get("failed.jsonl", {"--keep-cols", "id,status"});
  EXPECT_EQ(number(json_of(again), "items"), 1);
  EXPECT_EQ(number(json_of(again), "failed"), 1);
  EXPECT_EQ(rows_of(saved()).back().kept, R"({"id":"7","status":"mine"})");
}

TEST_F(Lists, NamesOfTheListStayInTheDirectory) {
  write("list.jsonl",
        "{\"url\":\"" + url("/a") + "\",\"n\":\"../../../../tmp/overlap-evil\"}\n{\"url\":\"" + url("/b") +
            "\",\"n\":\"/etc/overlap\"}\n{\"url\":\"" + url("/c") + "\",\"n\":\"a\\u0000b\\nc\"}\n{\"url\":\"" +
            url("/d") + "\",\"n\":\".ssh/-rf\"}\n{\"url\":\"" + url("/e") + "\",\"n\":\"back\\\\slash\"}\n{\"url\":\"" +
            url("/f") + "\",\"n\":\"" + std::string(300, 'n') + ".html\"}\n");
  const ProgramResult result = get("list.jsonl", {"--name-col", "n"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), testing::UnorderedElementsAre("%2E./%2E./%2E./%2E./tmp/overlap-evil", "etc/overlap", "a%00b%0Ac",
                                                     "%2Essh/%2Drf", "back%5Cslash",
                                                     testing::MatchesRegex("n{200,}-[0-9a-f]{16}.html")));
}

TEST_F(Lists, AManifestOfVersion1IsBroughtUpToDate) {
  write("list.txt", url("/a.html") + "\n");
  EXPECT_EQ(get("list.txt").exit_code, 0);
  {
    manifest::Database database(saved() + "/.overlap/manifest.sqlite", 2 /* read and write */);
    database.execute("ALTER TABLE items DROP COLUMN kept; PRAGMA user_version = 1");
  }
  EXPECT_EQ(rows_of(saved()).at(0).path, "a.html") << "who only looks reads it as it is";
  EXPECT_EQ(number(json_of(get("list.txt")), "skipped"), 1);
  EXPECT_EQ(rows_of(saved()).at(0).kept, "");
}

TEST_F(Lists, RowsThatDifferInTheirHeadersAreNoRepeats) {
  const test::RawServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  write("list.jsonl", "{\"url\":\"" + server.url("/x") + "\",\"h\":{\"A\":\"1\"}}\n{\"url\":\"" + server.url("/x") +
                          "\",\"h\":{\"A\":\"2\"}}\n");
  EXPECT_EQ(get("list.jsonl", {"--header-col", "h", "--dedupe"}).exit_code, 0);
  EXPECT_EQ(server.requests().size(), 2U);
}

}  // namespace
}  // namespace overlap
