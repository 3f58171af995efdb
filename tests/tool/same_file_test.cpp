// Files that must not be one.
#include "cli/same_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "support/program.hpp"

namespace overlap::cli {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryDirectory;

TEST(SameFile, IsKnownUnderOtherNames) {
  const TemporaryDirectory directory;
  directory.write("x", "text");
  std::filesystem::create_symlink("x", directory.file("link"));
  std::filesystem::create_hard_link(directory.file("x"), directory.file("second"));
  EXPECT_TRUE(is_same_file(directory.file("x"), directory.path() + "/./x"));
  EXPECT_TRUE(is_same_file(directory.file("x"), directory.file("link")));
  EXPECT_TRUE(is_same_file(directory.file("x"), directory.file("second")));
  EXPECT_FALSE(is_same_file(directory.file("x"), directory.file("y")));
}

TEST(SameFile, IsKnownBeforeItIsMade) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("new", directory.file("link"));
  EXPECT_TRUE(
      is_same_file(directory.file("new"),
                   directory.path() + "/../" + std::filesystem::path(directory.path()).filename().string() + "/new"));
  EXPECT_TRUE(is_same_file(directory.file("new"), directory.file("link")));
  EXPECT_FALSE(is_same_file(directory.file("new"), directory.file("other")));
  EXPECT_TRUE(is_same_file("new-one", "./new-one"));
}

TEST(SameFile, DeviceMayBeShared) { EXPECT_FALSE(is_same_file("/dev/null", "/dev/null")); }

TEST(KeepApart, NamesBothFlags) {
  const TemporaryDirectory directory;
  directory.write("x", "text");
  const std::string x = directory.file("x");
  const std::vector<NamedFile> inputs{{"-i", x}};
  EXPECT_THAT(keep_apart(std::vector<NamedFile>{{"--trace", x}}, inputs).error(),
              HasSubstr("--trace would overwrite what -i reads: " + x));
  EXPECT_THAT(keep_apart(std::vector<NamedFile>{{"--json", "new"}, {"--html", "./new"}}, inputs).error(),
              HasSubstr("--json and --html would overwrite each other: ./new"));
  EXPECT_TRUE(keep_apart(std::vector<NamedFile>{{"--json", "one"}, {"--html", "two"}, {"--trace", ""}}, inputs));
}

}  // namespace
}  // namespace overlap::cli
