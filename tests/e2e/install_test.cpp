// What `cmake --install` lays down: that it is all there, and where the system looks for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "support/program.hpp"

namespace overlap {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

/// A program of the system's, found as a shell finds it.
ProgramResult shell(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  arguments.insert(arguments.begin(), "/usr/bin/env");
  return run_program(arguments, {.text = {}, .environment = std::move(environment), .directory = {}});
}

/// This build, installed below a directory that stands for the root.
class Installation : public testing::Test {
 protected:
  void SetUp() override {
#if defined(OVERLAP_SANITIZED)
    GTEST_SKIP() << "a build with sanitizers has no manual pages and completions to install";
#endif
    const ProgramResult result =
        shell({"cmake", "--install", OVERLAP_BUILD_DIR, "--prefix", "/usr/local"}, {"DESTDIR=" + root_.path()});
    ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  }
  std::string file(const std::string& name) const { return root_.file("usr/local/" + name); }
  bool has(const std::string& name) const { return root_.has("usr/local/" + name); }

 private:
  const TemporaryDirectory root_;
};

TEST_F(Installation, HasTheProgramThatRuns) { EXPECT_EQ(shell({file("bin/overlap"), "--version"}).exit_code, 0); }

TEST_F(Installation, HasWhatAProgramNeedsToUseTheLibrary) {
  for (const char* const name : {"include/overlap/overlap.hpp", "include/overlap/http.hpp"}) EXPECT_TRUE(has(name));
  EXPECT_THAT(shell({"find", file("lib"), "-name", "overlapConfig.cmake", "-o", "-name", "liboverlap*.a"}).out,
              AllOf(HasSubstr("overlapConfig.cmake"), HasSubstr("liboverlap.a"), HasSubstr("liboverlap_http.a")));
}

TEST_F(Installation, HasCompletionsWhereEachShellLooks) {
  EXPECT_TRUE(has("share/bash-completion/completions/overlap"));
  EXPECT_TRUE(has("share/zsh/site-functions/_overlap"));
  EXPECT_TRUE(has("share/fish/vendor_completions.d/overlap.fish"));
  EXPECT_THAT(shell({"zsh", "-f", "-c", "print -l $fpath"}).out, HasSubstr("/usr/local/share/zsh/site-functions\n"));
}

TEST_F(Installation, IsWhatFishCompletesFromWhereTheSystemNamesIt) {
  const ProgramResult offered =
      shell({"fish", "-c", "set -x PATH " + file("bin") + " $PATH; complete -C 'overlap get --max-c'"},
            {"XDG_DATA_DIRS=" + file("share") + ":/usr/share", "HOME=" + file("home")});
  EXPECT_THAT(offered.out, HasSubstr("--max-concurrent\t")) << offered.err;
}

TEST_F(Installation, HasAPageOfTheManualForEachCommandThatManShowsWithoutAWarning) {
  for (const char* const name : {"overlap", "overlap-get", "overlap-compare", "overlap-serve", "overlap-status",
                                 "overlap-verify", "overlap-completion"}) {
    const std::string page = file("share/man/man1/" + std::string(name) + ".1");
    ASSERT_TRUE(std::filesystem::exists(page)) << page;
    const ProgramResult shown = shell({"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page},
                                      {"LC_ALL=C.UTF-8", "MANWIDTH=80", "MANPAGER=cat", "MANROFFSEQ="});
    EXPECT_EQ(shown.exit_code, 0) << name;
    EXPECT_THAT(shown.err, IsEmpty()) << name;
    const std::string plain = std::regex_replace(shown.out, std::regex(".\b"), "");  // bold is printed twice
    EXPECT_THAT(plain, AllOf(HasSubstr("SYNOPSIS"), HasSubstr("EXIT STATUS"))) << name;
  }
}

}  // namespace
}  // namespace overlap
