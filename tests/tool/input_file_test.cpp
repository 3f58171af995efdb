#include "cli/input_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/program.hpp"

namespace overlap::cli {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryDirectory;

TEST(InputFile, IsReadAsItIs) {
  const TemporaryDirectory directory;
  const std::string text("a\0b\r\n", 5);
  directory.write("file", text);
  EXPECT_EQ(read_file(directory.file("file")), text);
}

TEST(InputFile, MayBeLongOrEmpty) {
  const TemporaryDirectory directory;
  directory.write("long", std::string(100'000, 'x'));
  directory.write("empty", "");
  EXPECT_EQ(read_file(directory.file("long")).value().size(), 100'000U);
  EXPECT_EQ(read_file(directory.file("empty")), "");
}

TEST(InputFile, ThatIsADirectoryIsNamedWithTheReason) {
  const TemporaryDirectory directory;
  const auto read = read_file(directory.path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, EISDIR);
  EXPECT_THAT(read.error().message, HasSubstr("cannot read " + directory.path() + ": Is a directory"));
}

TEST(InputFile, ThatIsNotThereIsNamedWithTheReason) {
  const auto read = read_file("/no/such\x1b/file");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ENOENT);
  EXPECT_THAT(read.error().message, HasSubstr("cannot read /no/such\\x1b/file: No such file"));
}

}  // namespace
}  // namespace overlap::cli
