// What becomes of a file that is to be written when all goes well, and when it does not.
#include "cli/output_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>
#include <stdexcept>

#include "support/program.hpp"

namespace overlap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::TemporaryDirectory;

void write_new(std::ostream& out) { out << "new"; }

mode_t mode_of(const std::string& file) {
  struct stat facts{};
  return stat(file.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

TEST(OutputFile, KeepsWhatIsThereUntilItIsWritten) {
  const TemporaryDirectory directory;
  directory.write("x", "old");
  OutputFile file;
  ASSERT_TRUE(file.open(directory.file("x")));
  EXPECT_EQ(directory.read("x"), "old");
  EXPECT_THAT(directory.files(), ElementsAre("x"));
  ASSERT_TRUE(file.write(write_new));
  EXPECT_EQ(directory.read("x"), "new");
  EXPECT_THAT(directory.files(), ElementsAre("x"));
}

TEST(OutputFile, NewOneIsNotThereBeforeItIsWritten) {
  const TemporaryDirectory directory;
  OutputFile file;
  ASSERT_TRUE(file.open(directory.file("x")));
  EXPECT_THAT(directory.files(), IsEmpty());
  ASSERT_TRUE(file.write(write_new));
  EXPECT_THAT(directory.files(), ElementsAre("x"));
}

TEST(OutputFile, WriterThatThrowsLeavesTheEarlierOneAndNothingBeside) {
  const TemporaryDirectory directory;
  directory.write("x", "old");
  OutputFile file;
  ASSERT_TRUE(file.open(directory.file("x")));
  const auto write = [](std::ostream& out) {
    out << "half";
    throw std::runtime_error("no more");
  };
  EXPECT_THROW((void)file.write(write), std::runtime_error);
  EXPECT_EQ(directory.read("x"), "old");
  EXPECT_THAT(directory.files(), ElementsAre("x"));
}

/// While it lives, no file of this process may have more bytes than these: writing more fails.
class LargestFile {
 public:
  explicit LargestFile(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~LargestFile() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  LargestFile(const LargestFile&) = delete;
  LargestFile& operator=(const LargestFile&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST(OutputFile, OneThatFindsNoRoomLeavesTheEarlierOneAndNothingBeside) {
  const TemporaryDirectory directory;
  directory.write("x", "old");
  OutputFile file;
  ASSERT_TRUE(file.open(directory.file("x")));
  const auto write = [](std::ostream& out) { out << std::string(200'000, 'x'); };
  const auto written = [&] {
    const LargestFile limit(100'000);
    return file.write(write);
  }();
  EXPECT_THAT(written.error(), HasSubstr("x: File too large"));
  EXPECT_EQ(directory.read("x"), "old");
  EXPECT_THAT(directory.files(), ElementsAre("x"));
}

TEST(OutputFile, EarlierOneKeepsItsModeAndANewOneHasThatOfTheUmask) {
  const TemporaryDirectory directory;
  directory.write("x", "old");
  ASSERT_EQ(chmod(directory.file("x").c_str(), 0640), 0);
  const mode_t before = umask(027);
  for (const char* const name : {"x", "y"}) {
    OutputFile file;
    ASSERT_TRUE(file.open(directory.file(name)));
    ASSERT_TRUE(file.write(write_new));
  }
  ASSERT_EQ(chmod(directory.file("x").c_str(), 0604), 0);
  OutputFile again;
  ASSERT_TRUE(again.open(directory.file("x")));
  ASSERT_TRUE(again.write(write_new));
  umask(before);
  EXPECT_EQ(mode_of(directory.file("x")), 0604U);
  EXPECT_EQ(mode_of(directory.file("y")), 0640U);
}

TEST(OutputFile, LinkStaysALinkAlsoToAFileThatIsYetToBe) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("there", directory.file("link"));
  for (const char* const text : {"first", "second"}) {
    OutputFile file;
    ASSERT_TRUE(file.open(directory.file("link")));
    ASSERT_TRUE(file.write([text](std::ostream& out) { out << text; }));
    EXPECT_EQ(directory.read("there"), text);
  }
  EXPECT_TRUE(std::filesystem::is_symlink(directory.file("link")));
}

TEST(OutputFile, DeviceIsWrittenDirectlyAndSaysWhenItIsFull) {
  OutputFile full;
  ASSERT_TRUE(full.open("/dev/full"));
  EXPECT_THAT(full.write(write_new).error(), HasSubstr("cannot write /dev/full: No space left on device"));
  OutputFile null;
  ASSERT_TRUE(null.open("/dev/null"));
  EXPECT_TRUE(null.write(write_new));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(OutputFile, PipeIsWrittenDirectly) {
  const TemporaryDirectory directory;
  ASSERT_EQ(mkfifo(directory.file("pipe").c_str(), 0600), 0);
  const int reader = open(directory.file("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  OutputFile file;
  ASSERT_TRUE(file.open(directory.file("pipe")));
  ASSERT_TRUE(file.write(write_new));
  char text[8];
  EXPECT_EQ(read(reader, text, sizeof text), 3);
  close(reader);
}

TEST(OutputFile, PlaceThatCannotBeWrittenIsAnErrorAtOnce) {
  const TemporaryDirectory directory;
  OutputFile missing;
  EXPECT_THAT(missing.open(directory.file("no/x")).error(), HasSubstr("no/x: No such file or directory"));
  OutputFile folder;
  EXPECT_THAT(folder.open(directory.path()).error(), HasSubstr("Is a directory"));
  OutputFile none;
  EXPECT_TRUE(none.open(""));
  EXPECT_TRUE(none.write([](std::ostream&) { FAIL(); }));
}

}  // namespace
}  // namespace overlap::cli
