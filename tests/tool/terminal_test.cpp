#include "cli/terminal.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace overlap::cli {
namespace {

/// Takes the variables that matter out of the environment, and puts them back.
class CleanEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* const name : {"NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
  }
  static void set(const char* name, const char* value) { setenv(name, value, 1); }
};

using TerminalColour = CleanEnvironment;
using TerminalLocale = CleanEnvironment;

TEST_F(TerminalColour, IsNotForFilesUnlessForced) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  EXPECT_FALSE(wants_colour(pipes[1]));
  set("FORCE_COLOR", "1");
  EXPECT_TRUE(wants_colour(pipes[1]));
  set("FORCE_COLOR", "0");
  EXPECT_FALSE(wants_colour(pipes[1]));
  close(pipes[0]);
  close(pipes[1]);
}

TEST_F(TerminalColour, IsForbiddenByNoColor) {
  set("FORCE_COLOR", "1");
  set("NO_COLOR", "1");
  EXPECT_FALSE(wants_colour(STDOUT_FILENO));
  set("NO_COLOR", "");  // set to nothing is not set
  EXPECT_TRUE(wants_colour(STDOUT_FILENO));
}

TEST_F(TerminalLocale, IsTheFirstThatIsSet) {
  EXPECT_FALSE(is_utf8_locale());
  set("LANG", "de_DE.UTF-8");
  EXPECT_TRUE(is_utf8_locale());
  set("LC_CTYPE", "C");
  EXPECT_FALSE(is_utf8_locale());
  set("LC_ALL", "C.utf8");
  EXPECT_TRUE(is_utf8_locale());
}

}  // namespace
}  // namespace overlap::cli
