#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "cli/run_child.hpp"

namespace overlap::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

ChildOptions shell(std::string script) { return {.arguments = {"-c", std::move(script)}, .program = "/bin/sh"}; }

ChildRun run_shell(std::string script, std::string input = {}) {
  return run_child(shell(std::move(script)), {.input = std::move(input)}).value();
}

bool is_alive(pid_t pid) { return kill(pid, 0) == 0; }

TEST(RunChild, GathersOutputErrorAndExitCode) {
  const ChildRun run = run_shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(run.how, ChildRun::How::ended);
  EXPECT_EQ(run.output, "out\n");
  EXPECT_EQ(run.error, "err\n");
  EXPECT_FALSE(run.end.is_success());
  EXPECT_EQ(run.end.describe(), "exited with code 3");
}

TEST(RunChild, DeathBySignalIsNamed) {
  EXPECT_THAT(run_shell("kill -SEGV $$").end.describe(), StartsWith("was killed by signal 11 (Segmentation"));
}

TEST(RunChild, LargeInputAndOutputPassEachOther) {
  const std::string text(4 << 20, 'x');
  const ChildRun run = run_shell("cat", text);
  EXPECT_TRUE(run.end.is_success());
  EXPECT_EQ(run.output, text);
}

TEST(RunChild, ChildThatDoesNotReadItsInputIsNoError) {
  const ChildRun run = run_shell("exit 0", std::string(4 << 20, 'x'));
  EXPECT_TRUE(run.end.is_success());
}

TEST(RunChild, OnlyTheTailOfStandardErrorIsKept) {
  const ChildRun run = run_shell("head -c 100000 /dev/zero >&2; printf tail >&2");
  EXPECT_EQ(run.error.size(), 4096U);
  EXPECT_TRUE(run.error.ends_with("tail"));
}

TEST(RunChild, DoesNotWaitForDescendantsThatHoldTheStreams) {
  const TimePoint begin = Clock::now();
  const ChildRun run = run_shell("sleep 20 & echo $!");
  EXPECT_LT(Clock::now() - begin, 10s);
  kill(static_cast<pid_t>(std::stoi(run.output)), SIGKILL);
}

TEST(RunChild, TooMuchOutputIsStopped) {
  const auto run = run_child(shell("yes"), {.max_output = 100'000});
  ASSERT_TRUE(run);
  EXPECT_EQ(run->how, ChildRun::How::too_much);
}

TEST(RunChild, InterruptKillsTheChild) {
  const int interrupt = eventfd(1, EFD_CLOEXEC);
  const auto run = run_child(shell("exec sleep 20"), {.interrupt = interrupt});
  close(interrupt);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->how, ChildRun::How::interrupted);
}

TEST(RunChild, CpuTimeIncludesChildrenThatWereWaitedFor) {
  const ChildRun run = run_shell("(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done); exit 0");
  EXPECT_GT(run.end.cpu, 10ms);
  EXPECT_GT(run.end.peak_memory, 100'000U);
}

TEST(RunChild, EnvironmentIsSetBesidesAndInsteadOfTheInherited) {
  setenv("COMPARE_TEST_KEPT", "kept", 1);
  setenv("COMPARE_TEST_CHANGED", "old", 1);
  ChildOptions options = shell("echo $COMPARE_TEST_KEPT $COMPARE_TEST_CHANGED $COMPARE_TEST_NEW");
  options.environment = {{"COMPARE_TEST_CHANGED", "changed"}, {"COMPARE_TEST_NEW", "new"}};
  EXPECT_EQ(run_child(std::move(options), {}).value().output, "kept changed new\n");
}

TEST(RunChild, ProgramThatIsNotThereIsAnErrorThatNamesIt) {
  const auto run = run_child({.program = "/no/such/program"}, {});
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error(), HasSubstr("/no/such/program: No such file"));
}

TEST(Child, FirstLineIsReadWithoutWaitingForTheEnd) {
  auto child = Child::start(shell("echo listening; exec sleep 20"));
  ASSERT_TRUE(child);
  EXPECT_EQ(read_first_line(*child, 10s), "listening");
  EXPECT_FALSE(child->has_ended());
}

TEST(Child, FirstLineThatNeverComesIsAnError) {
  auto silent = Child::start(shell("exec sleep 20"));
  EXPECT_THAT(read_first_line(*silent, 50ms).error(), HasSubstr("in time"));
  auto gone = Child::start(shell("exit 1"));
  EXPECT_THAT(read_first_line(*gone, 10s).error(), HasSubstr("ended"));
}

TEST(Child, DestructorKillsIt) {
  pid_t pid = 0;
  {
    auto child = Child::start(shell("exec sleep 20"));
    ASSERT_TRUE(child);
    pid = child->pid();
    EXPECT_TRUE(is_alive(pid));
  }
  EXPECT_FALSE(is_alive(pid));
}

TEST(Child, TerminateKillsOneThatDoesNotHeed) {
  auto child = Child::start(shell("trap '' TERM; echo ready; exec sleep 20"));
  ASSERT_TRUE(child);
  ASSERT_TRUE(read_first_line(*child, 10s));
  EXPECT_THAT(child->terminate(50ms).describe(), StartsWith("was killed by signal 9"));
}

TEST(Child, DiesWithTheThreadThatStartedIt) {
  std::expected<Child, std::string> child = std::unexpected("not started");
  std::thread([&child] { child = Child::start(shell("exec sleep 20")); }).join();
  ASSERT_TRUE(child);
  EXPECT_THAT(child->wait().describe(), StartsWith("was killed by signal 9"));
}

TEST(Child, IgnoredSignalsStayIgnoredAndHandlersDoNot) {
  const auto ignored = std::signal(SIGHUP, SIG_IGN);
  const auto handled = std::signal(SIGTERM, [](int) {});
  const ChildRun run = run_shell("kill -HUP $$; kill -TERM $$; echo still here");
  std::signal(SIGHUP, ignored);
  std::signal(SIGTERM, handled);
  EXPECT_THAT(run.end.describe(), StartsWith("was killed by signal 15"));
}

}  // namespace
}  // namespace overlap::cli
