// Signals and children of the program around a process pool are its own business.
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>

#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_hosts.hpp"
#include "support/process_tools.hpp"

namespace overlap {
namespace {

using test::exit_code_of;
using test::kBad;
using test::kGood;
using test::own_pid;
using test::refusal_of;
using test::RunningProgram;
using test::says;

/// Gets SIGINT as from a terminal: its whole process group does.
int interrupted_host(const std::string&) {
  std::signal(SIGINT, SIG_IGN);
  ProcessPoolExecutor pool({.max_workers = 1});
  const pid_t before = pool.submit(&own_pid).result();
  ::kill(0, SIGINT);
  return pool.submit(&own_pid).result() == before ? kGood : kBad;
}
const bool interrupted_host_added = test::add_program("interrupted_host", &interrupted_host);

TEST(ProcessSignals, InterruptOfTheGroupLeavesWorkersAlive) {
  RunningProgram host("interrupted_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Ignores and blocks everything that can be.
int deaf_host(const std::string&) {
  for (int signal = 1; signal < SIGRTMIN; ++signal) std::signal(signal, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto state = [] {
    sigset_t blocked;
    sigemptyset(&blocked);
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    std::string text;
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
      struct sigaction action{};
      if (::sigaction(signal, nullptr, &action) != 0) continue;
      if (sigismember(&blocked, signal) == 1) text += " blocked:" + std::to_string(signal);
      if (action.sa_handler == SIG_IGN) text += " ignored:" + std::to_string(signal);
    }
    return text;
  };
  std::cout << pool.submit(state).result() << std::endl;
  const auto crashed = pool.submit([] { std::_Exit(3); });
  const bool noticed = says(refusal_of([&] { crashed.result(); }), "exited with code 3");
  return noticed && pool.submit(&own_pid).result() > 0 ? kGood : kBad;
}
const bool deaf_host_added = test::add_program("deaf_host", &deaf_host);

TEST(ProcessSignals, WorkersDoNotInheritWhatTheHostIgnoresAndBlocks) {
  RunningProgram host("deaf_host");
  // SIGHUP (1), as nohup sets it; SIGINT (2) and SIGPIPE (13), as all workers do.
  EXPECT_EQ(host.read_line(), " ignored:1 ignored:2 ignored:13");
  EXPECT_EQ(exit_code_of(host), kGood);
}

std::atomic<int> children_reported{0};
std::atomic<pid_t> last_child{0};
void on_child(int, siginfo_t* info, void*) {
  ++children_reported;
  last_child = info->si_pid;
}

/// Has a SIGCHLD handler and a child of its own.
int parental_host(const std::string&) {
  struct sigaction mine{};
  mine.sa_sigaction = &on_child;
  mine.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGCHLD, &mine, nullptr);
  void (*const pipe_handler)(int) = std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGPIPE, pipe_handler);

  ProcessPoolExecutor pool({.max_workers = 2});
  for (int i = 0; i < 5; ++i) {
    const auto crashed = pool.submit([] { std::_Exit(1); });
    if (!says(refusal_of([&] { crashed.result(); }), "exited with code 1")) return kBad;
  }
  if (children_reported != 0) return kBad;  // workers are not children of this process

  const pid_t child = ::fork();
  if (child == 0) std::_Exit(42);
  int status = 0;
  if (::waitpid(-1, &status, 0) != child || WEXITSTATUS(status) != 42) return kBad;
  if (children_reported != 1 || last_child != child) return kBad;

  struct sigaction now{};
  ::sigaction(SIGCHLD, nullptr, &now);
  if (now.sa_sigaction != &on_child) return kBad;
  return std::signal(SIGPIPE, SIG_DFL) == pipe_handler ? kGood : kBad;
}
const bool parental_host_added = test::add_program("parental_host", &parental_host);

TEST(ProcessSignals, HandlerAndChildrenOfTheHostAreItsOwn) {
  RunningProgram host("parental_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Reaps every child that it gets, the pool's helper too.
int reaping_host(const std::string&) {
  std::signal(SIGCHLD, SIG_IGN);  // the kernel does it
  for (int i = 0; i < 5; ++i) {
    ProcessPoolExecutor pool({.max_workers = 1});
    if (pool.submit(&own_pid).result() <= 0) return kBad;
  }
  return kGood;
}
const bool reaping_host_added = test::add_program("reaping_host", &reaping_host);

TEST(ProcessSignals, HostThatReapsEveryChildMayDoSo) {
  RunningProgram host("reaping_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

}  // namespace
}  // namespace overlap
