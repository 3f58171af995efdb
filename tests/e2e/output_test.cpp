// What the program prints for others to read, where it cannot be written: on a full disk, or to a reader that has gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

/// With "$0" for the program.
ProgramResult shell(const std::string& command) { return run_program({"/bin/sh", "-c", command, program()}); }

TEST(Output, ThatCannotBeWrittenIsToldAndNoSuccess) {
  const Origin origin;
  const TemporaryDirectory out;
  ASSERT_EQ(overlap_program({"get", origin.url("/bytes/1"), origin.url("/status/404"), "-P", out.path()}).exit_code, 1);
  const std::string get = "get " + origin.url("/bytes/1") + " --to null";
  const std::vector<std::string> commands = {get,
                                             get + " --json",
                                             get + " -n",
                                             get + " -n --json",
                                             "status " + out.path(),
                                             "status --json " + out.path(),
                                             "status --failed " + out.path(),
                                             "verify " + out.path(),
                                             "verify --json " + out.path(),
                                             "completion bash",
                                             "serve"};
  for (const std::string& command : commands) {
    const ProgramResult result = shell("exec \"$0\" " + command + " >/dev/full");
    EXPECT_EQ(result.exit_code, 3) << command;
    EXPECT_THAT(result.err, HasSubstr("cannot write the output to stdout: No space left on device")) << command;
  }
}

TEST(Output, ALongOneThatCannotBeWrittenEndsADryRun) {
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 5000; ++i) list += "http://127.0.0.1:1/" + std::to_string(i) + "\n";
  out.write("urls", list);
  const ProgramResult result = shell("exec \"$0\" get -n --to null -i " + out.file("urls") + " >/dev/full");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write the output to stdout: No space left on device"));
}

TEST(Output, AReaderThatHasGoneIsNotComplainedOf) {
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 5000; ++i) list += "http://127.0.0.1:1/" + std::to_string(i) + "\n";
  out.write("urls", list);
  const std::string dry_run = "\"$0\" get -n -q --to null -i " + out.file("urls");
  for (const std::string before : {"", "trap '' PIPE; "}) {
    const ProgramResult result = shell(before + dry_run + " | head -n 1");
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, IsEmpty()) << before;
  }
}

}  // namespace
}  // namespace overlap
