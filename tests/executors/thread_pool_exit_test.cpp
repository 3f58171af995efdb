// How executors with threads meet the end of the program and a fork: each in a program of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/process_hosts.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using test::add_program;
using test::exit_code_of;
using test::RunningProgram;

std::unique_ptr<Executor> make(const std::string& kind) {
  if (kind == "loop") return std::make_unique<EventLoopExecutor>();
  return std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = 2});
}

void say(const std::string& line) {
  if (::write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1) < 0) std::abort();
}

// Leaves work behind, which says how often it ran.
int busy_at_exit(const std::string& kind) {
  static auto* const executor = make(kind).release();  // never destroyed
  static std::atomic<int> runs{0};
  for (int i = 0; i < 200; ++i) {
    executor->submit([] {
      if (++runs == 200) say("all have run");
    });
  }
  if (kind == "pool without waiting") executor->shutdown({.wait = false});
  return 0;
}
const bool busy_at_exit_is_known = add_program("busy_at_exit", busy_at_exit);

class ThreadsAtExit : public testing::TestWithParam<const char*> {};

TEST_P(ThreadsAtExit, WorkThatWasAcceptedRuns) {
  RunningProgram program("busy_at_exit", GetParam());
  EXPECT_EQ(program.read_line(), "all have run");
  EXPECT_EQ(exit_code_of(program), 0);
}

// A static object that is made after the executor, as those that tasks use for the first time are. It is destroyed
// before whatever was registered earlier to happen at exit.
struct Witness {
  ~Witness() {
    destroyed = true;
    while (!checked) std::this_thread::yield();
    try {
      executor->submit([] {});
      say("submit at exit was accepted");
    } catch (const BrokenExecutor&) {
      say("submit at exit was refused");
    }
  }
  std::atomic<bool> checked{false};
  Executor* executor = nullptr;
  static inline std::atomic<bool> destroyed{false};
};

struct ExitHasBegun {  // of main's thread, and so destroyed first of all
  ~ExitHasBegun() { seen = true; }
  static inline std::atomic<bool> seen{false};
};

int uses_statics_at_exit(const std::string& kind) {
  static auto* const executor = make(kind).release();
  static Witness witness;
  static thread_local const ExitHasBegun exit_has_begun;
  witness.executor = executor;
  executor->submit([] {
    while (!ExitHasBegun::seen) std::this_thread::yield();
    for (int i = 0; i < 10'000 && !Witness::destroyed; ++i) std::this_thread::yield();
    say(Witness::destroyed ? "the static object was gone" : "the static object was there");
    witness.checked = true;
  });
  static_cast<void>(&exit_has_begun);
  return 0;
}
const bool uses_statics_at_exit_is_known = add_program("uses_statics_at_exit", uses_statics_at_exit);

TEST_P(ThreadsAtExit, TasksAreOverBeforeStaticObjectsAreDestroyed) {
  RunningProgram program("uses_statics_at_exit", GetParam());
  EXPECT_EQ(program.read_line(), "the static object was there");
  EXPECT_EQ(program.read_line(), "submit at exit was refused");
  EXPECT_EQ(exit_code_of(program), 0);
}

int forks_and_uses(const std::string& kind) {
  auto executor = make(kind);
  executor->submit([] {}).result();
  const pid_t child = ::fork();
  if (child == 0) {
    test::expect_leaks();
    try {
      executor->submit([] {});
      ::_exit(10);
    } catch (const BrokenExecutor&) {
    }
    executor->shutdown();
    executor->shutdown({.wait = false, .cancel_pending = true});
    executor.reset();
    std::exit(20);  // with all that happens at exit
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  say(WIFEXITED(status) ? "child: " + std::to_string(WEXITSTATUS(status)) : "child was killed");
  executor->submit([] { say("parent works on"); }).result();
  return 0;
}
const bool forks_and_uses_is_known = add_program("forks_and_uses", forks_and_uses);

TEST_P(ThreadsAtExit, ForkedChildIsRefusedAndCanExit) {
  RunningProgram program("forks_and_uses", GetParam());
  EXPECT_EQ(program.read_line(), "child: 20");
  EXPECT_EQ(program.read_line(), "parent works on");
  EXPECT_EQ(exit_code_of(program), 0);
}

// The child that never touches the executor still has it among what it destroys.
int forks_and_exits(const std::string& kind) {
  const auto executor = make(kind);
  static auto* const left_alive = make(kind).release();
  executor->submit([] {}).result();
  left_alive->submit([] {}).result();
  left_alive->shutdown({.wait = false});
  const pid_t child = ::fork();
  if (child == 0) {
    test::expect_leaks();
    return 20;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  say(WIFEXITED(status) ? "child: " + std::to_string(WEXITSTATUS(status)) : "child was killed");
  return 0;
}
const bool forks_and_exits_is_known = add_program("forks_and_exits", forks_and_exits);

TEST_P(ThreadsAtExit, ForkedChildThatReturnsFromMainEnds) {
  RunningProgram program("forks_and_exits", GetParam());
  EXPECT_EQ(program.read_line(), "child: 20");
  EXPECT_EQ(exit_code_of(program), 0);
}

INSTANTIATE_TEST_SUITE_P(Executors, ThreadsAtExit, testing::Values("pool", "pool without waiting", "loop"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, 4) + (name.size() > 4 ? "WithoutWaiting" : "");
                         });

}  // namespace
}  // namespace overlap
