// Settings and help, as a user of the program has them.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "e2e/get_program.hpp"

namespace overlap {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Not;

/// `overlap get` of one page without any flag, in a directory of its own.
class SettingsOfAProgram : public testing::Test {
 protected:
  SettingsOfAProgram() {
    std::filesystem::create_directories(directory_.file("project"));
    std::filesystem::create_directories(directory_.file("home/overlap"));
  }
  ProgramResult get(std::vector<std::string> environment = {}, std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments{program(), "get", origin_.url() + "/page", "--to", "null"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    environment.push_back("XDG_CONFIG_HOME=" + directory_.file("home"));
    return run_program(arguments,
                       {.text = {}, .environment = std::move(environment), .directory = directory_.file("project")});
  }

  const Origin origin_;
  const TemporaryDirectory directory_;
};

TEST_F(SettingsOfAProgram, ComeFromTheProjectsFileThenFromTheUsers) {
  directory_.write("project/overlap.toml", "[get]\nmodel = 'threads'\n");
  directory_.write("home/overlap/config.toml", "[get]\nmodel = 'inline'\njson = true\nworkers = 2\n");
  const auto summary = json_of(get());
  EXPECT_EQ(summary.at("model").as_string(), "threads");
  EXPECT_EQ(number(summary, "concurrency"), 2);
}

TEST_F(SettingsOfAProgram, ComeFromTheEnvironmentBeforeFiles) {
  directory_.write("project/overlap.toml", "[get]\nmodel = 'threads'\njson = true\n");
  EXPECT_EQ(json_of(get({"OVERLAP_MODEL=inline"})).at("model").as_string(), "inline");
}

TEST_F(SettingsOfAProgram, AreWhatTheCommandLineDoesNotSay) {
  directory_.write("project/overlap.toml", "[get]\nmodel = 'threads'\njson = true\n");
  EXPECT_EQ(json_of(get({"OVERLAP_MODEL=inline"}, {"--model", "loop"})).at("model").as_string(), "loop");
}

TEST_F(SettingsOfAProgram, ThatAreWrongEndItBeforeItBegins) {
  directory_.write("project/overlap.toml", "[get]\nmax-per-hosts = 3\n");
  const ProgramResult result = get();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("overlap.toml:2: max-per-hosts: overlap get has no flag of this name"));
  EXPECT_EQ(result.out, "");
}

TEST(Help, InBriefBeginsWithExamplesAndNamesTheFullOne) {
  const ProgramResult help = overlap_program({"get", "-h"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LT(help.out.find("Examples:\n"), help.out.find("--input-file"));
  EXPECT_THAT(help.out, HasSubstr("All of them: overlap get --help, man overlap-get"));
  EXPECT_THAT(help.out, Not(HasSubstr("--proxy")));
}

TEST(Help, InFullHasEveryGroupOfFlags) {
  const ProgramResult help = overlap_program({"get", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LT(help.out.find("Examples:\n"), help.out.find("--input-file"));
  for (const char* const part : {"\nPacing:\n", "\nRetry:\n", "--proxy", "--max-per-host N", "[6]"}) {
    EXPECT_THAT(help.out, HasSubstr(part));
  }
}

TEST(Help, OfTheProgramNamesItsCommands) {
  const ProgramResult help = overlap_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* const command : {"get", "compare", "status", "verify", "serve", "completion"}) {
    EXPECT_THAT(help.out, HasSubstr("\n  " + std::string(command) + " ")) << command;
  }
  EXPECT_THAT(help.out, Not(HasSubstr("\n  manual")));  // used by the build alone
}

TEST(Help, HasLinesThatATerminalHolds) {
  for (const char* const command : {"get", "compare", "status", "verify", "completion"}) {
    const std::string help = overlap_program({command, "--help"}).out;
    for (std::size_t begin = 0; begin < help.size();) {
      const std::size_t end = std::min(help.find('\n', begin), help.size());
      EXPECT_LE(end - begin, 120U) << help.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

}  // namespace
}  // namespace overlap
