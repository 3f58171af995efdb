// Lists that are tables: CSV, TSV, JSON lines, and how they are recognised.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "get/list_reader.hpp"
#include "support/gzip.hpp"

namespace overlap::get {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

FileDescriptor memory_file(std::string_view content) {
  FileDescriptor file(::memfd_create("list", MFD_CLOEXEC));
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written <= 0) throw std::runtime_error("write");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw std::runtime_error("lseek");
  return file;
}

ListReader reader_of(std::string_view content, ListFormat format, ListColumns columns = {}) {
  ListReader::Options options{.format = format, .columns = std::move(columns)};
  options.lines.max_line_bytes = max_line_bytes(format);
  return ListReader::from_descriptor(memory_file(content), "list", options);
}

/// An entry in short: "1@2 http://h/ name=x sha256=00.. {kept} header: value", or "1@2 bad: why (text)".
std::string brief(const ListEntry& entry) {
  if (const auto* bad = std::get_if<BadLine>(&entry)) {
    return std::to_string(bad->ordinal) + "@" + std::to_string(bad->line) + " bad: " + bad->why + " (" + bad->text +
           ")";
  }
  const auto& item = std::get<Item>(entry);
  std::string text = std::to_string(item.ordinal) + "@" + std::to_string(item.line) + " " + item.url;
  if (item.name) text += " name=" + *item.name;
  if (item.sha256) text += " sha256=" + item.sha256->substr(0, 2);
  if (!item.kept.empty()) text += " " + item.kept;
  for (const auto& [name, value] : item.headers) text += " " + name + ": " + value;
  return text;
}

std::vector<std::string> read_all(ListReader reader) {
  std::vector<std::string> entries;
  while (const auto entry = reader.next()) entries.push_back(brief(*entry));
  if (reader.error()) entries.push_back("error: " + *reader.error());
  return entries;
}

std::vector<std::string> csv(std::string_view content, ListColumns columns = {}) {
  return read_all(reader_of(content, ListFormat::csv, std::move(columns)));
}
std::vector<std::string> tsv(std::string_view content, ListColumns columns = {}) {
  return read_all(reader_of(content, ListFormat::tsv, std::move(columns)));
}
std::vector<std::string> jsonl(std::string_view content, ListColumns columns = {}) {
  return read_all(reader_of(content, ListFormat::jsonl, std::move(columns)));
}
std::vector<std::string> detected(std::string_view content, ListColumns columns = {}) {
  return read_all(reader_of(content, ListFormat::automatic, std::move(columns)));
}

const std::string kDigest(64, 'a');

// ---- CSV

TEST(CsvList, TheFirstRowNamesTheColumns) {
  EXPECT_THAT(csv("id,url\n1,http://a/\n2,http://b/\n"), ElementsAre("1@2 http://a/", "2@3 http://b/"));
}

TEST(CsvList, QuotedCellsHoldSeparatorsQuotesAndLineBreaks) {
  EXPECT_THAT(
      csv("url,text\r\n\"http://a/?x=1,2\",\"one\r\ntwo \"\"three\"\"\"\r\nhttp://b/,\"\"\r\n", {.keep = {"text"}}),
      ElementsAre(R"(1@2 http://a/?x=1,2 {"text":"one\ntwo \"three\""})", R"(2@4 http://b/ {"text":""})"));
}

TEST(CsvList, AByteOrderMarkIsNoPartOfTheFirstName) {
  EXPECT_THAT(csv("\xEF\xBB\xBFurl\nhttp://a/\n"), ElementsAre("1@2 http://a/"));
}

TEST(CsvList, BlankLinesAreNoRows) { EXPECT_THAT(csv("\nurl\n\nhttp://a/\n\n"), ElementsAre("1@4 http://a/")); }

TEST(CsvList, TheHeadingMayBeQuoted) {
  EXPECT_THAT(csv("\"my\nurl\",x\nhttp://a/,1\n", {.url = "my\nurl"}), ElementsAre("1@3 http://a/"));
}

TEST(CsvList, ARowWithMoreOrFewerCellsThanTheHeadingIsBad) {
  EXPECT_THAT(csv("url,x\nhttp://a/\nhttp://b/,1,2\nhttp://c/,1\n"),
              ElementsAre("1@2 bad: the row has 1 cells, the heading 2 (http://a/)",
                          "2@3 bad: the row has 3 cells, the heading 2 (http://b/)", "3@4 http://c/"));
}

TEST(CsvList, AQuoteInTheWrongPlaceCostsItsLineOnly) {
  EXPECT_THAT(csv("url,x\nhttp://a/,a\"b\nhttp://b/,\"c\"d\nhttp://c/,1\n"),
              ElementsAre(StartsWith("1@2 bad: a quote in a cell"), StartsWith("2@3 bad: something follows the quote"),
                          "3@4 http://c/"));
}

TEST(CsvList, AQuoteThatIsNeverClosedCostsItsLineOnly) {
  std::string list = "url,x\nhttp://a/,\"open\n";
  for (int i = 0; i < 5000; ++i) list += "http://b/,1\n";
  const auto entries = csv(list);
  ASSERT_EQ(entries.size(), 5001U);
  EXPECT_THAT(entries.front(), StartsWith("1@2 bad: a quote is never closed"));
  EXPECT_EQ(entries[1], "2@3 http://b/");
  EXPECT_EQ(entries.back(), "5001@5002 http://b/");
  EXPECT_THAT(
      csv("url,x\nhttp://a/,\"open\nhttp://b/,2\nhttp://c/,3"),
      ElementsAre(StartsWith("1@2 bad: a quote is not closed before the end"), "2@3 http://b/", "3@4 http://c/"));
}

TEST(CsvList, ALineThatClosesAnothersQuoteIsReadForItself) {
  EXPECT_THAT(csv("url,x\nhttp://a/,\"open\n\"http://b/\",2\nhttp://c/,3\n"),
              ElementsAre(StartsWith("1@2 bad: something follows the quote"), "2@3 http://b/", "3@4 http://c/"));
}

TEST(CsvList, ALineOfAMegabyteIsBadAndTheRestGoesOn) {
  const std::string large(1 << 20, 'x');
  EXPECT_THAT(csv("url,x\nhttp://a/," + large + "\nhttp://b/,1\nhttp://c/,\"" + large + "\"\nhttp://d/,1\n"),
              ElementsAre(StartsWith("1@2 bad: the line is too long"), "2@3 http://b/",
                          StartsWith("3@4 bad: the line is too long"), "4@5 http://d/"));
}

TEST(CsvList, AWrongColumnNameIsAnErrorThatListsTheColumns) {
  EXPECT_THAT(csv("id,link\n1,http://a/\n"),
              ElementsAre("error: list: --url-col: there is no column 'url'; there are id, link"));
  EXPECT_THAT(csv("url,a\nhttp://a/,1\n", {.name = "b"}), ElementsAre(HasSubstr("--name-col: there is no column 'b'")));
  EXPECT_THAT(csv("url,a\nhttp://a/,1\n", {.headers = "b"}), ElementsAre(HasSubstr("--header-col")));
  EXPECT_THAT(csv("url,a\nhttp://a/,1\n", {.sha256 = "b"}), ElementsAre(HasSubstr("--hash-col")));
  EXPECT_THAT(csv("url,a\nhttp://a/,1\n", {.keep = {"a", "b"}}), ElementsAre(HasSubstr("--keep-cols")));
  EXPECT_THAT(csv("url,url\nhttp://a/,1\n"), ElementsAre(HasSubstr("two columns are called 'url'")));
  EXPECT_THAT(csv("http://user:pw@a/,1\n"),
              ElementsAre(testing::AllOf(HasSubstr("--url-col 1"), testing::Not(HasSubstr("pw")))));
  EXPECT_THAT(csv("url,\"a\"b\nhttp://a/,1\n"), ElementsAre(HasSubstr("its heading, line 1: something follows")));
}

TEST(CsvList, ColumnsGivenByNumberOnlyNeedNoHeading) {
  EXPECT_THAT(csv("http://a/,x,7\nhttp://b/,y\n", {.url = "1", .name = "2", .keep = {"2"}}),
              ElementsAre(R"(1@1 http://a/ name=x {"2":"x"})", R"(2@2 http://b/ name=y {"2":"y"})"));
  EXPECT_THAT(csv("http://a/,x\nhttp://b/\n", {.url = "1", .name = "2"}),
              ElementsAre("1@1 http://a/ name=x", "2@2 bad: the row has 1 cells, column 2 is wanted (http://b/)"));
  EXPECT_THAT(csv("http://a/,x\n", {.url = "3"}), ElementsAre(HasSubstr("there is no column '3'; there are 1 to 2")));
  EXPECT_THAT(csv("url,x\nhttp://a/,7\n", {.keep = {"2"}}), ElementsAre(R"(1@2 http://a/ {"x":"7"})"))
      << "with a name among them there is a heading, which names what is kept";
}

TEST(CsvList, ARowWithoutUrlIsBad) {
  EXPECT_THAT(csv("url,x\n,1\nhttp://a/,1\n"), ElementsAre("1@2 bad: the row has no URL ()", "2@3 http://a/"));
}

TEST(CsvList, TextThatIsNotUtf8MattersWhereItIsUsed) {
  EXPECT_THAT(csv("url,x,y\nhttp://a/,\xff,1\n"), ElementsAre("1@2 http://a/"));
  EXPECT_THAT(csv("url,x,y\nhttp://a/\xff,1,1\nhttp://b/,1,1\n"),
              ElementsAre(StartsWith("1@2 bad: byte 0xff at byte 10 is not UTF-8"), "2@3 http://b/"));
  EXPECT_THAT(csv("url,x\nhttp://a/,\xff\n", {.keep = {"x"}}),
              ElementsAre(StartsWith("1@2 bad: column 'x' is not UTF-8")));
}

TEST(CsvList, DigestsAreChecked) {
  EXPECT_THAT(
      csv("url,h\nhttp://a/," + kDigest + "\nhttp://b/,\nhttp://c/," + std::string(64, 'F') + "\n", {.sha256 = "h"}),
      ElementsAre("1@2 http://a/ sha256=aa", "2@3 http://b/", "3@4 http://c/ sha256=ff"));
  EXPECT_THAT(csv("url,h\nhttp://a/,d41d8cd98f00b204e9800998ecf8427e\n", {.sha256 = "h"}),
              ElementsAre("1@2 bad: 'd41d8cd98f00b204e9800998ecf8427e' is no SHA-256, which has 64 hexadecimal digits "
                          "(http://a/)"));
}

TEST(CsvList, HeadersAreLinesOrAJsonObject) {
  EXPECT_THAT(
      csv("url,h\nhttp://a/,\"A: 1\n B-2 : two \"\nhttp://b/,\"{\"\"A\"\":\"\"1\"\",\"\"N\"\":2}\"\nhttp://c/,\n",
          {.headers = "h"}),
      ElementsAre(StartsWith("1@2 bad: headers: ' B-2 ' is no name of a header"), "2@4 http://b/ A: 1 N: 2",
                  "3@5 http://c/"));
  EXPECT_THAT(csv("url,h\nhttp://a/,\"A: 1\nB: two words \"\n", {.headers = "h"}),
              ElementsAre("1@2 http://a/ A: 1 B: two words"));
}

TEST(CsvList, TheTextOfABadRowThatMayHoldHeadersIsNotShown) {
  EXPECT_THAT(csv("url,h\nhttp://a/,Authorization: s3cret\"\n", {.headers = "h"}),
              ElementsAre(testing::Not(HasSubstr("s3cret"))));
}

TEST(CsvList, CredentialsOfAKeptUrlAreNotKept) {
  EXPECT_THAT(csv("url,x\nhttp://u:s3cret@a/,1\n", {.keep = {"url"}}),
              ElementsAre(HasSubstr(R"({"url":"http://***@a/"})")));
}

TEST(CsvList, WhatIsKeptCannotSteerATerminal) {
  EXPECT_THAT(csv("url,x\nhttp://a/,\x7f \xC2\x9B \xE2\x80\xAE \xF3\xA0\x80\x81 \x1b\n", {.keep = {"x"}}),
              ElementsAre(R"(1@2 http://a/ {"x":"\u007f \u009b \u202e \udb40\udc01 \u001b"})"));
}

// ---- TSV

TEST(TsvList, CellsAreWhatStandsBetweenTabs) {
  EXPECT_THAT(tsv("url\ttext\nhttp://a/\t\"as it is\"\nhttp://b/\t\nhttp://c/\n", {.keep = {"text"}}),
              ElementsAre(R"(1@2 http://a/ {"text":"\"as it is\""})", R"(2@3 http://b/ {"text":""})",
                          "3@4 bad: the row has 1 cells, the heading 2 (http://c/)"));
}

// ---- JSON lines

TEST(JsonlList, MembersAreColumns) {
  EXPECT_THAT(
      jsonl("{\"url\":\"http://a/\",\"n\":\"x\",\"k\":{\"deep\":[1,2]}}\n\n{\"n\":null,\"url\":\"http://b/\"}\n",
            {.name = "n", .keep = {"k"}}),
      ElementsAre(R"(1@1 http://a/ name=x {"k":{"deep":[1,2]}})", "2@3 http://b/ {}"));
}

TEST(JsonlList, BadRowsAreCountedAndTheRestGoesOn) {
  EXPECT_THAT(
      jsonl("{\"url\":\"http://a/\"}\n{\"url\":\n[1]\n{\"url\":7}\n{}\n{\"url\":\"http://b/\"} x\n"
            "{\"url\":\"http://c/\\n\"}\n{\"url\":\"http://d/\xff\"}\n{\"url\":\"http://e/\"}"),
      ElementsAre("1@1 http://a/", StartsWith("2@2 bad: not JSON: incomplete JSON at byte"),
                  StartsWith("3@3 bad: JSON, but no object"), StartsWith("4@4 bad: the row has no URL"),
                  StartsWith("5@5 bad: the row has no URL"), StartsWith("6@6 bad: not JSON"),
                  StartsWith("7@7 bad: control character 0x0a"), StartsWith("8@8 bad: not JSON"), "9@9 http://e/"));
}

TEST(JsonlList, ALineOfAMegabyteIsBadAndTheRestGoesOn) {
  EXPECT_THAT(jsonl("{\"url\":\"http://a/\",\"x\":\"" + std::string(1 << 20, 'x') + "\"}\n{\"url\":\"http://b/\"}\n"),
              ElementsAre(StartsWith("1@1 bad: the line is too long"), "2@2 http://b/"));
}

TEST(JsonlList, TheFirstRowMustHaveEveryColumn) {
  EXPECT_THAT(jsonl("{\"link\":\"http://a/\",\"x\":1}\n"),
              ElementsAre("error: list: --url-col: the first row has no 'url'; it has link, x"));
  EXPECT_THAT(jsonl("{\"url\":\"http://a/\"}\n", {.sha256 = "sha"}),
              ElementsAre(HasSubstr("--hash-col: the first row has no 'sha'")));
  EXPECT_THAT(jsonl("{\"url\":\"http://a/\",\"sha\":null}\n{\"url\":\"http://b/\"}\n", {.sha256 = "sha"}),
              ElementsAre("1@1 http://a/", "2@2 http://b/"));
}

TEST(JsonlList, ALineBreakInAHeaderIsRefused) {
  EXPECT_THAT(
      jsonl("{\"url\":\"http://a/\",\"h\":{\"A\":\"1\\r\\nB: 2\"}}\n{\"url\":\"http://b/\",\"h\":{\"A\\nB\":\"1\"}}\n"
            "{\"url\":\"http://c/\",\"h\":{\"A\":[1]}}\n{\"url\":\"http://d/\",\"h\":\"A: 1\\rB: 2\"}\n"
            "{\"url\":\"http://e/\",\"h\":7}\n{\"url\":\"http://f/\",\"h\":{\"A\":\"1\"}}\n",
            {.headers = "h"}),
      ElementsAre("1@1 bad: headers: the value of A has a line break (http://a/)",
                  "2@2 bad: headers: 'A\\nB' is no name of a header (http://b/)",
                  "3@3 bad: headers: the value of A is no text (http://c/)",
                  "4@4 bad: headers: the value of A has a line break (http://d/)",
                  "5@5 bad: headers: neither a JSON object nor a string (http://e/)", "6@6 http://f/ A: 1"));
}

TEST(JsonlList, AHeaderThatSaysWhereTheRequestEndsIsRefused) {
  EXPECT_THAT(jsonl("{\"url\":\"http://a/\",\"h\":{\"content-length\":\"3\"}}\n"
                    "{\"url\":\"http://b/\",\"h\":\"Transfer-Encoding: chunked\"}\n",
                    {.headers = "h"}),
              ElementsAre(HasSubstr("bad: headers: content-length goes with the connection"),
                          HasSubstr("bad: headers: Transfer-Encoding goes with the connection")));
}

TEST(JsonlList, ADeeplyNestedRowIsBad) {
  EXPECT_THAT(jsonl(std::string(100'000, '[') + "\n{\"url\":\"http://a/\"}\n"),
              ElementsAre(StartsWith("1@1 bad: not JSON"), "2@2 http://a/"));
}

// ---- Which format it is

TEST(ListFormat, TheNameOfTheFileSaysIt) {
  EXPECT_EQ(format_of_name("a/urls.txt"), ListFormat::txt);
  EXPECT_EQ(format_of_name("urls.CSV"), ListFormat::csv);
  EXPECT_EQ(format_of_name("urls.tsv.gz"), ListFormat::tsv);
  EXPECT_EQ(format_of_name("urls.ndjson"), ListFormat::jsonl);
  EXPECT_EQ(format_of_name("urls.jsonl.gz"), ListFormat::jsonl);
  EXPECT_EQ(format_of_name("urls"), ListFormat::automatic);
  EXPECT_EQ(format_of_name("csv"), ListFormat::automatic);
  EXPECT_EQ(format_of_name("urls.gz"), ListFormat::automatic);
}

TEST(ListFormat, ElseTheFirstLineThatIsNotBlank) {
  EXPECT_THAT(detected("\n\n{\"url\":\"http://a/\"}\n"), ElementsAre("1@3 http://a/"));
  EXPECT_THAT(detected("id,\"url\"\n1,http://a/\n"), ElementsAre("1@2 http://a/"));
  EXPECT_THAT(detected("url\nhttp://a/\n"), ElementsAre("1@2 http://a/"));
  EXPECT_THAT(detected("id\turl\n1\thttp://a/\n"), ElementsAre("1@2 http://a/"));
  EXPECT_THAT(detected("# a comment\nhttp://a/,b\n"), ElementsAre("1@2 http://a/,b"));
  EXPECT_THAT(detected("http://a/,7\n", {.url = "1"}), ElementsAre("1@1 http://a/"));
  EXPECT_THAT(detected(""), IsEmpty());
  EXPECT_THAT(detected("\n \n"), IsEmpty());
}

TEST(ListFormat, PlainTextHasNoColumns) {
  EXPECT_THAT(detected("http://a/\n", {.name = "n"}),
              ElementsAre(HasSubstr("list: it is plain text (txt), which has no columns")));
}

TEST(ListFormat, ALineOfTextStaysAsLongAsTextLinesMayBe) {
  EXPECT_THAT(detected("http://a/\nhttp://b/" + std::string(100'000, 'x') + "\nhttp://c/\n"),
              ElementsAre("1@1 http://a/", StartsWith("2@2 bad: the line is too long"), "3@3 http://c/"));
}

// ---- gzip

TEST(GzipList, IsReadAsWhatItHolds) {
  EXPECT_THAT(detected(test::gzip("url,x\nhttp://a/,1\n")), ElementsAre("1@2 http://a/"));
  EXPECT_THAT(jsonl(test::gzip("{\"url\":\"http://a/\"}\n")), ElementsAre("1@1 http://a/"));
  EXPECT_THAT(detected(test::gzip("")), IsEmpty());
}

TEST(GzipList, MembersFollowEachOtherAlsoWithinALine) {
  EXPECT_THAT(detected(test::gzip("http://a/\nhttp:") + test::gzip("") + test::gzip("//b/\nhttp://c/")),
              ElementsAre("1@1 http://a/", "2@2 http://b/", "3@3 http://c/"));
}

TEST(GzipList, ZerosAfterTheLastMemberArePadding) {
  EXPECT_THAT(detected(test::gzip("http://a/\n") + std::string(512, '\0')), ElementsAre("1@1 http://a/"));
}

TEST(GzipList, CutShortOrDamagedItIsAnErrorThatSaysSo) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "http://h/" + std::to_string(i) + "\n";
  const std::string whole = test::gzip(lines);
  auto cut = detected(whole.substr(0, whole.size() - 4));
  ASSERT_EQ(cut.size(), 100'001U) << "what came before is read";
  EXPECT_EQ(cut.back(), "error: cannot read list: its gzip data is cut short");
  EXPECT_THAT(detected(whole.substr(0, 7)), ElementsAre("error: cannot read list: its gzip data is cut short"));

  std::string damaged = whole;
  damaged[whole.size() - 6] ^= 1;  // of the check over all
  EXPECT_EQ(detected(damaged).back(), "error: cannot read list: its gzip data is damaged: incorrect data check");
  EXPECT_EQ(detected(whole + "more").back(), "error: cannot read list: its gzip data is followed by something else");
}

TEST(GzipList, MayComeAByteAtATime) {
  const std::string packed = test::gzip("http://a/\nhttp://b/\n") + test::gzip("http://c/\n");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor writing(ends[1]);
  auto reader = ListReader::from_descriptor(FileDescriptor(ends[0]), "list", {});
  std::vector<std::string> entries;
  for (const char byte : packed) {
    ASSERT_EQ(::write(writing.get(), &byte, 1), 1);
    while (reader.is_ready()) entries.push_back(brief(reader.next().value()));
  }
  writing = FileDescriptor();
  while (const auto entry = reader.next()) entries.push_back(brief(*entry));
  EXPECT_EQ(reader.error(), std::nullopt);
  EXPECT_THAT(entries, ElementsAre("1@1 http://a/", "2@2 http://b/", "3@3 http://c/"));
}

TEST(GzipList, ABombOfBlankLinesCostsNoMemory) {
  const std::string packed = test::gzip(std::string(50'000'000, '\n') + "http://a/\n");
  EXPECT_LT(packed.size(), 100'000U);
  EXPECT_THAT(detected(packed), ElementsAre("1@50000001 http://a/"));
}

}  // namespace
}  // namespace overlap::get
