#include "get/list_reader.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

namespace overlap::get {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ListReaderTest : public testing::Test {
 protected:
  ListReaderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "overlap-list-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
  }
  ~ListReaderTest() override { std::filesystem::remove_all(directory_); }

  std::string file_with(std::string_view content) {
    const std::string path = directory_ / "list.txt";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  ListReader reader_of(std::string_view content, ListReader::Options options = {}) {
    auto reader = ListReader::open(file_with(content), options);
    if (!reader) throw std::runtime_error(reader.error());
    return *std::move(reader);
  }

  std::filesystem::path directory_;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reading = FileDescriptor(ends[0]);
    writing = FileDescriptor(ends[1]);
  }
  void write(std::string_view text) const {
    if (::write(writing.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("write");
    }
  }
  FileDescriptor reading;
  FileDescriptor writing;
};

/// An entry in short: "2@3 http://h/" or "2@3 bad: why".
std::string brief(const ListEntry& entry) {
  if (const auto* item = std::get_if<Item>(&entry)) {
    return std::to_string(item->ordinal) + "@" + std::to_string(item->line) + " " + item->url;
  }
  const auto& bad = std::get<BadLine>(entry);
  return std::to_string(bad.ordinal) + "@" + std::to_string(bad.line) + " bad: " + bad.why;
}

std::vector<std::string> all_of(ListReader& reader) {
  std::vector<std::string> entries;
  while (const auto entry = reader.next()) entries.push_back(brief(*entry));
  return entries;
}

TEST_F(ListReaderTest, YieldsAUrlALine) {
  auto reader = reader_of("http://a/\nhttp://b/\n");
  EXPECT_THAT(all_of(reader), ElementsAre("1@1 http://a/", "2@2 http://b/"));
  EXPECT_EQ(reader.error(), std::nullopt);
  EXPECT_EQ(reader.next(), std::nullopt) << "the end stays the end";
  EXPECT_EQ(reader.next_ordinal(), 3U);
}

TEST_F(ListReaderTest, BlankLinesAndCommentsCountAsLinesOnly) {
  auto reader = reader_of("# heading\n\n   \nhttp://a/\n\t# more\n  http://b/#top \t\n");
  EXPECT_THAT(all_of(reader), ElementsAre("1@4 http://a/", "2@6 http://b/#top"));
}

TEST_F(ListReaderTest, ToleratesByteOrderMarkAndCrLf) {
  auto reader = reader_of("\xEF\xBB\xBFhttp://a/\r\n\r\nhttp://b/\r\n");
  EXPECT_THAT(all_of(reader), ElementsAre("1@1 http://a/", "2@3 http://b/"));
}

TEST_F(ListReaderTest, ReadsALastLineWithoutNewline) {
  auto reader = reader_of("http://a/\nhttp://b/");
  EXPECT_THAT(all_of(reader), ElementsAre("1@1 http://a/", "2@2 http://b/"));
  auto carriage_return = reader_of("http://a/\r");
  EXPECT_THAT(all_of(carriage_return), ElementsAre("1@1 http://a/"));
}

TEST_F(ListReaderTest, AnEmptyListHasNoEntries) {
  for (const auto content : {""sv, "\n"sv, "\n\n#x"sv, "\xEF\xBB\xBF"sv, "\r\n"sv}) {
    auto reader = reader_of(content);
    EXPECT_THAT(all_of(reader), ElementsAre()) << content;
    EXPECT_EQ(reader.error(), std::nullopt);
  }
}

TEST_F(ListReaderTest, BadLinesAreCountedAndTheRestGoesOn) {
  auto reader = reader_of("http://a/\nhttp://b/\xff\nhttp://c/\0x\nhttp://d/\ne\tf\n"sv);
  EXPECT_THAT(all_of(reader), ElementsAre("1@1 http://a/", "2@2 bad: byte 0xff at byte 10 is not UTF-8",
                                          "3@3 bad: control character 0x00 at byte 10", "4@4 http://d/",
                                          "5@5 bad: control character 0x09 at byte 2"));
}

TEST_F(ListReaderTest, BadLinesAreShownEscapedShortenedAndWithoutCredentials) {
  auto reader = reader_of("http://user:s3cret@h/\x1b[2J" + std::string(5000, 'x') + "\n");
  const auto bad = std::get<BadLine>(reader.next().value());
  EXPECT_THAT(bad.text, testing::StartsWith("http://***@h/\\x1b[2Jxxx"));
  EXPECT_THAT(bad.text, testing::EndsWith("..."));
  EXPECT_LE(bad.text.size(), 200U);
}

TEST_F(ListReaderTest, ALineOf64KiBIsReadAndALongerOneIsBad) {
  const std::string longest = "http://h/" + std::string(64 * 1024 - 9, 'a');
  auto reader = reader_of(longest + "\r\n" + longest + "a\nhttp://b/\n" + std::string(1 << 20, 'x') + "\nhttp://c/\n" +
                          std::string(1 << 20, 'y'));
  EXPECT_THAT(all_of(reader),
              ElementsAre("1@1 " + longest, "2@2 bad: the line is too long", "3@3 http://b/",
                          "4@4 bad: the line is too long", "5@5 http://c/", "6@6 bad: the line is too long"));
}

TEST_F(ListReaderTest, ACommentMayBeTooLong) {
  auto reader = reader_of("#" + std::string(1 << 20, 'x') + "\nhttp://a/\n");
  EXPECT_THAT(all_of(reader), ElementsAre("1@2 http://a/"));
}

TEST_F(ListReaderTest, NamesTheFileThatCannotBeRead) {
  const std::string missing = directory_ / "no\x1bsuch";
  EXPECT_EQ(ListReader::open(missing).error(),
            "cannot read " + (directory_ / "no\\x1bsuch").string() + ": No such file or directory");
  EXPECT_EQ(ListReader::open(directory_.string()).error(),
            "cannot read " + directory_.string() + ": it is a directory");
  const std::string file = file_with("x");
  ASSERT_EQ(chmod(file.c_str(), 0), 0);
  if (geteuid() == 0) return;  // who may read everything
  EXPECT_THAT(ListReader::open(file).error(), HasSubstr("Permission denied"));
}

TEST_F(ListReaderTest, AFileThatIsNoTextIsOneErrorNotManyBadLines) {
  for (const auto content : {"\x28\xb5\x2f\xfdrest"sv, "\xff\xfeh\0t\0"sv, "\xfe\xff\0h"sv}) {
    auto reader = reader_of(content);
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_THAT(reader.error().value_or(""), HasSubstr("list.txt: it is "));
  }
}

TEST_F(ListReaderTest, AFailingReadIsNotTheEnd) {
  // A descriptor that is open for writing only fails at the first read, as a broken disk would.
  auto reader = ListReader::from_descriptor(FileDescriptor(::open(file_with("x").c_str(), O_WRONLY)), "list.txt", {});
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(reader.error(), "cannot read list.txt: Bad file descriptor");
}

TEST_F(ListReaderTest, ArgumentsAreEntriesOfLineZero) {
  auto reader = ListReader::from_arguments({"http://a/", "#b", "c\nd", ""}, 7);
  EXPECT_THAT(all_of(reader),
              ElementsAre("7@0 http://a/", "8@0 #b", "9@0 bad: control character 0x0a at byte 2", "10@0 "));
  EXPECT_EQ(reader.next_ordinal(), 11U);
}

TEST_F(ListReaderTest, DashIsStandardInput) {
  const Pipe pipe;
  pipe.write("http://a/\n");
  const FileDescriptor saved(dup(STDIN_FILENO));
  ASSERT_EQ(dup2(pipe.reading.get(), STDIN_FILENO), STDIN_FILENO);
  auto reader = ListReader::open("-");
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(brief(reader->next().value()), "1@1 http://a/");
  dup2(saved.get(), STDIN_FILENO);
}

TEST_F(ListReaderTest, LinesMayArriveInPieces) {
  Pipe pipe;
  auto reader = ListReader::from_descriptor(std::move(pipe.reading), "pipe", {});
  EXPECT_FALSE(reader.is_ready()) << "nothing is there, and it does not wait";
  pipe.write("http:");
  EXPECT_FALSE(reader.is_ready(1ms)) << "half a line is none";
  pipe.write("//a/\n# comment\n");
  EXPECT_TRUE(reader.is_ready());
  EXPECT_EQ(brief(reader.next().value()), "1@1 http://a/");
  EXPECT_FALSE(reader.is_ready()) << "a comment is no entry";
  pipe.write("http://b/");
  EXPECT_FALSE(reader.is_ready());
  pipe.writing = FileDescriptor();
  EXPECT_TRUE(reader.is_ready());
  EXPECT_EQ(brief(reader.next().value()), "2@3 http://b/");
  EXPECT_TRUE(reader.is_ready());
  EXPECT_EQ(reader.next(), std::nullopt);
}

TEST_F(ListReaderTest, WaitsOnADescriptorThatDoesNotBlock) {
  Pipe pipe;
  ASSERT_EQ(fcntl(pipe.reading.get(), F_SETFL, O_NONBLOCK), 0);
  auto reader = ListReader::from_descriptor(std::move(pipe.reading), "pipe", {});
  std::jthread writer([&pipe] {
    std::this_thread::sleep_for(20ms);
    pipe.write("http://a/\n");
  });
  EXPECT_EQ(brief(reader.next().value()), "1@1 http://a/");
}

TEST_F(ListReaderTest, AListThatNeverEndsIsReadAsItComes) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  std::jthread writer([end = std::move(pipe.writing)] {
    const std::string lines = "http://h/" + std::string(90, 'a') + "\n" + std::string(200'000, 'z') + "\n";
    while (::write(end.get(), lines.data(), lines.size()) > 0) {
    }
  });
  auto reader = ListReader::from_descriptor(std::move(pipe.reading), "pipe", {});
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    const auto entry = reader.next();
    ASSERT_TRUE(entry.has_value());
    ASSERT_EQ(std::holds_alternative<BadLine>(*entry), i % 2 == 0) << i;
  }
}

TEST_F(ListReaderTest, EndlessZerosCostNoMemory) {
  auto reader = ListReader::open("/dev/zero");
  ASSERT_TRUE(reader.has_value());
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < 200; ++i) ASSERT_FALSE(reader->is_ready()) << "a line without end is never here in full";
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024) << "KiB, for 800 MiB read";
}

TEST_F(ListReaderTest, WhereTheReadsFallChangesNothing) {
  constexpr std::array kPieces{"http://a/",        "\n",          "\r\n", "#", " ", "\t", "x", "\xff", "é",
                               "yyyyyyyyyyyyyyyy", "\xEF\xBB\xBF"};
  std::mt19937 random(20261120);
  for (int round = 0; round < 300; ++round) {
    std::string content = "http://first/\n";
    for (auto count = random() % 2000; count > 0; --count) content += kPieces.at(random() % kPieces.size());
    auto whole = reader_of(content, {.lines = {.max_line_bytes = 30}});
    const auto expected = all_of(whole);

    Pipe pipe;
    auto reader = ListReader::from_descriptor(std::move(pipe.reading), "pipe", {.lines = {.max_line_bytes = 30}});
    std::vector<std::string> entries;
    for (std::string_view rest = content; !rest.empty();) {
      const std::string_view piece = rest.substr(0, 1 + random() % 40);
      pipe.write(piece);
      rest.remove_prefix(piece.size());
      while (reader.is_ready()) entries.push_back(brief(reader.next().value()));
    }
    pipe.writing = FileDescriptor();
    for (auto& entry : all_of(reader)) entries.push_back(std::move(entry));
    ASSERT_EQ(entries, expected);
  }
}

}  // namespace
}  // namespace overlap::get
