// Where flags that the command line does not give come from.
#include "cli/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "support/program.hpp"

namespace overlap::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Settings : public testing::Test {
 protected:
  Settings() {
    CLI::App* const pacing = command_->add_option_group("Pacing");
    pacing->add_option("--max-per-host", per_host_)->check(CLI::Range(1, 100));
    command_->add_flag("-q,--quiet", quiet_);
    command_->add_option("-H,--header", headers_)->take_all();
    app_.add_subcommand("serve", "");
  }
  ~Settings() override {
    for (const std::string& name : variables_) unsetenv(name.c_str());
  }

  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    variables_.push_back(name);
  }
  std::string write(const std::string& name, const std::string& text) {
    directory_.write(name, text);
    return directory_.file(name);
  }
  void read(const std::vector<std::string>& arguments, const std::vector<std::string>& files) {
    command_->parse_complete_callback([this, files] { apply_settings(*command_, files); });
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    reversed.push_back("get");
    app_.parse(reversed);
  }
  std::string complaint(const std::vector<std::string>& files) {
    try {
      read({}, files);
    } catch (const CLI::ValidationError& error) {
      return error.what();
    }
    return "none";
  }

  CLI::App app_;
  CLI::App* command_ = app_.add_subcommand("get", "");
  int per_host_ = 6;
  bool quiet_ = false;
  std::vector<std::string> headers_;
  testing_support::TemporaryDirectory directory_;
  std::vector<std::string> variables_;
};

TEST_F(Settings, CommandLineGoesBeforeTheEnvironment) {
  set("OVERLAP_MAX_PER_HOST", "7");
  read({"--max-per-host", "8"}, {});
  EXPECT_EQ(per_host_, 8);
}

TEST_F(Settings, EnvironmentGoesBeforeFiles) {
  set("OVERLAP_MAX_PER_HOST", "7");
  read({}, {write("a.toml", "[get]\nmax-per-host = 9\nquiet = true\n")});
  EXPECT_EQ(per_host_, 7);
  EXPECT_TRUE(quiet_);
}

TEST_F(Settings, ProjectsFileGoesBeforeTheUsers) {
  const std::string project = write("project.toml", "[get]\nmax-per-host = 9\n");
  const std::string user = write("user.toml", "[get]\nmax-per-host = 10\nquiet = true\n");
  read({}, {project, user});
  EXPECT_EQ(per_host_, 9);
  EXPECT_TRUE(quiet_);
}

TEST_F(Settings, FileThatIsNotThereSaysNothing) {
  read({}, {directory_.file("absent.toml")});
  EXPECT_EQ(per_host_, 6);
}

TEST_F(Settings, EmptyFileSaysNothing) { EXPECT_EQ(complaint({write("a.toml", "")}), "none"); }

TEST_F(Settings, ListGivesAFlagSeveralTimes) {
  read({}, {write("a.toml", "[get]\nheader = ['A: 1', 'B: 2']\n")});
  EXPECT_THAT(headers_, ElementsAre("A: 1", "B: 2"));
}

TEST_F(Settings, FlagThatIsFalseIsNotGiven) {
  set("OVERLAP_QUIET", "no");
  read({}, {});
  EXPECT_FALSE(quiet_);
}

TEST_F(Settings, TableOfAnotherCommandSaysNothing) {
  read({}, {write("a.toml", "[serve]\nport = 80\n")});
  EXPECT_THAT(headers_, IsEmpty());
}

TEST_F(Settings, UnknownFlagIsNamedWithFileAndLine) {
  const std::string file = write("a.toml", "[get]\n\nmax-host = 9\n");
  EXPECT_THAT(complaint({file}), HasSubstr(file + ":3: max-host: overlap get has no flag of this name"));
}

TEST_F(Settings, UnknownCommandIsNamedWithFileAndLine) {
  const std::string file = write("a.toml", "[fetch]\nquiet = true\n");
  EXPECT_THAT(complaint({file}), HasSubstr(file + ":1: fetch: is no command"));
}

TEST_F(Settings, FlagOutsideOfATableIsRefused) {
  const std::string file = write("a.toml", "quiet = true\n");
  EXPECT_THAT(complaint({file}), HasSubstr(file + ":1: quiet: is no command; flags stand below one, such as [get]"));
}

TEST_F(Settings, FileThatIsNoTomlIsNamedWithItsLine) {
  const std::string file = write("a.toml", "[get]\nquiet = = 1\n");
  EXPECT_THAT(complaint({file}), HasSubstr(file + ":2"));
}

TEST_F(Settings, ValueThatTheFlagRefusesIsNamed) {
  set("OVERLAP_MAX_PER_HOST", "many");
  EXPECT_THAT(complaint({}), HasSubstr("OVERLAP_MAX_PER_HOST"));
}

TEST_F(Settings, ValueOutOfTheFlagsRangeIsNamed) {
  const std::string file = write("a.toml", "[get]\nmax-per-host = 1000\n");
  EXPECT_THAT(complaint({file}), HasSubstr(file + ":2: max-per-host"));
}

TEST_F(Settings, FlagIsTrueOrFalse) {
  set("OVERLAP_QUIET", "perhaps");
  EXPECT_THAT(complaint({}), HasSubstr("OVERLAP_QUIET: must be true or false"));
}

TEST_F(Settings, SeveralValuesAreNoneForAFlagThatTakesOne) {
  const std::string file = write("a.toml", "[get]\nmax-per-host = [1, 2]\n");
  EXPECT_THAT(complaint({file}), HasSubstr("max-per-host: takes one value"));
}

TEST_F(Settings, TableIsNoValue) {
  EXPECT_THAT(complaint({write("a.toml", "[get.header]\nA = 1\n")}), HasSubstr("must be a text, a number"));
}

TEST_F(Settings, FileThatCannotBeReadIsNamed) {
  EXPECT_THAT(complaint({directory_.path()}), HasSubstr(directory_.path()));
}

TEST(SettingsFiles, AreTheProjectsAndTheUsers) {
  const char* const before = getenv("XDG_CONFIG_HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("XDG_CONFIG_HOME", "/somewhere", 1);
  EXPECT_THAT(settings_files(), ElementsAre("overlap.toml", "/somewhere/overlap/config.toml"));
  setenv("XDG_CONFIG_HOME", "relative", 1);
  EXPECT_THAT(settings_files().back(), HasSubstr("/.config/overlap/config.toml"));
  if (before == nullptr) {
    unsetenv("XDG_CONFIG_HOME");
  } else {
    setenv("XDG_CONFIG_HOME", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace overlap::cli
