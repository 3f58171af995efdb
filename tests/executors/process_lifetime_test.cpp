// The program around a process pool: where one may be made, how the program ends, what it cannot do.
#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

#include <overlap/core/shared_array.hpp>
#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_hosts.hpp"
#include "support/process_tools.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using test::own_pid;
using test::ProcessGate;
using test::ProcessWatch;
using test::RunningProgram;
using test::wait_at_gate;

using test::exit_code_of;
using test::kBad;
using test::kGood;
using test::refusal_of;
using test::says;

// Where a pool may be made.

const std::string refusal_before_main = refusal_of([] { ProcessPoolExecutor pool; });

TEST(ProcessGuard, PoolWithoutItIsRefusedWithTheRemedy) {
  EXPECT_TRUE(says(refusal_before_main, "main_guard guard(argc, argv)")) << refusal_before_main;
}

TEST(ProcessGuard, PoolInsideAWorkerIsRefused) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto future = pool.submit([] { return refusal_of([] { ProcessPoolExecutor nested; }); });
  EXPECT_TRUE(says(future.result(), "inside a worker")) << future.result();
}

TEST(ProcessGuard, HelperStartedByHandSaysWhatItIs) {
  int out[2];
  ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, out[1], STDERR_FILENO);
  ::posix_spawn_file_actions_addopen(&files, 3, "/dev/null", O_RDONLY, 0);
  std::string program = "prog";
  std::string mark = "--overlap-process-helper=3";
  char* arguments[] = {program.data(), mark.data(), nullptr};
  pid_t pid = -1;
  ASSERT_EQ(::posix_spawn(&pid, "/proc/self/exe", &files, nullptr, arguments, environ), 0);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(out[1]);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(out[0], text.data(), text.size()))));
  ::close(out[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_TRUE(says(text, "not an option")) << text;
}

/// As in a program whose main() ends before it comes to its main_guard.
const bool leaves_before_main = [] {
  if (std::getenv("OVERLAP_TEST_LEAVE_BEFORE_MAIN") != nullptr) std::_Exit(5);
  return true;
}();

int guardless_host(const std::string&) {
  ::setenv("OVERLAP_TEST_LEAVE_BEFORE_MAIN", "1", 1);
  ProcessPoolExecutor pool({.max_workers = 1});
  Future<pid_t> future;
  const std::string refusal = refusal_of([&] {
    future = pool.submit(&own_pid);
    future.result();
  });
  std::cout << refusal << std::endl;
  return kGood;
}
const bool guardless_host_added = test::add_program("guardless_host", &guardless_host);

TEST(ProcessGuard, HelperThatNeverComesToItBreaksThePool) {
  RunningProgram host("guardless_host");
  const std::string line = host.read_line();
  EXPECT_TRUE(says(line, "the helper process exited with code 5")) << line;
  EXPECT_EQ(exit_code_of(host), kGood);
}

// The end of the program.

/// Makes two workers busy, tells their pids and the helper's, and waits to be killed.
int busy_host(const std::string& gate_path) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto waiting = pool.submit(&wait_at_gate, gate_path);
  const pid_t helper = pool.submit([] { return ::getppid(); }).result();
  std::ostringstream line;
  line << helper;
  for (const pid_t pid : pool.worker_pids()) line << ' ' << pid;
  std::cout << line.str() << std::endl;
  while (true) ::pause();
}
const bool busy_host_added = test::add_program("busy_host", &busy_host);

std::vector<ProcessWatch> watch_all(const std::string& line) {
  std::vector<ProcessWatch> watches;
  std::istringstream in(line);
  for (pid_t pid = 0; in >> pid;) watches.emplace_back(pid);
  return watches;
}

TEST(ProcessHost, ThatIsKilledLeavesNoProcessBehind) {
  ProcessGate gate;
  RunningProgram host("busy_host", gate.path());
  gate.wait_for_task();
  const auto watches = watch_all(host.read_line());
  EXPECT_EQ(watches.size(), 3u);
  ::kill(host.pid(), SIGKILL);
  for (const auto& watch : watches) watch.wait_gone();
}

/// As busy_host, with a child that holds copies of all its descriptors.
int forked_busy_host(const std::string& gate_path) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto waiting = pool.submit(&wait_at_gate, gate_path);
  const pid_t helper = pool.submit([] { return ::getppid(); }).result();
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  std::ostringstream line;
  line << child << ' ' << helper;
  for (const pid_t pid : pool.worker_pids()) line << ' ' << pid;
  std::cout << line.str() << std::endl;
  while (true) ::pause();
}
const bool forked_busy_host_added = test::add_program("forked_busy_host", &forked_busy_host);

TEST(ProcessHost, ThatIsKilledTakesWorkersAlongThoughAChildHoldsTheirSockets) {
  ProcessGate gate;
  RunningProgram host("forked_busy_host", gate.path());
  gate.wait_for_task();
  std::istringstream line(host.read_line());
  pid_t child = 0;
  line >> child;
  std::string others;
  std::getline(line, others);
  const auto watches = watch_all(others);
  EXPECT_EQ(watches.size(), 3u);
  ::kill(host.pid(), SIGKILL);
  for (const auto& watch : watches) watch.wait_gone();
  ::kill(child, SIGKILL);
}

/// Leaves a pool alive at exit.
int careless_host(const std::string& gate_path) {
  static auto* const pool = new ProcessPoolExecutor({.max_workers = 1});
  pool->submit(&wait_at_gate, gate_path);
  pool->submit([] { std::cout << "printed in the worker" << std::endl; });
  return kGood;
}
const bool careless_host_added = test::add_program("careless_host", &careless_host);

TEST(ProcessHost, ThatLeavesAPoolAliveFinishesItsWorkAtExit) {
  ProcessGate gate;
  RunningProgram host("careless_host", gate.path());
  gate.wait_for_task();
  gate.open();
  EXPECT_EQ(host.read_line(), "printed in the worker");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Forks while a pool is alive.
int forking_host(const std::string&) {
  auto pool = std::make_unique<ProcessPoolExecutor>(ProcessPoolExecutor::Options{.max_workers = 1});
  const pid_t worker = pool->submit(&own_pid).result();
  const pid_t child = ::fork();
  if (child == 0) {
    test::expect_leaks();
    const bool refused = says(refusal_of([&] { pool->submit(&own_pid); }), "forked from");
    pool->shutdown();
    pool.reset();
    std::exit(refused ? kGood : kBad);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 && pool->submit(&own_pid).result() == worker ? kGood : kBad;
}
const bool forking_host_added = test::add_program("forking_host", &forking_host);

TEST(ProcessHost, ThatForksKeepsItsPoolAndTheChildIsRefused) {
  RunningProgram host("forking_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Closes the standard descriptors, then uses a pool whose tasks print. It gets none of those numbers: what the program
/// itself prints would go to it.
int daemon_host(const std::string&) {
  const auto are_closed = [] {
    return std::ranges::all_of(std::array{0, 1, 2}, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
  };
  for (const int fd : {0, 1, 2}) ::close(fd);
  ProcessPoolExecutor pool({.max_workers = 2});
  if (!are_closed()) return kBad;
  const auto noisy = [](int n) {
    std::cout << "to nowhere" << std::endl;
    std::cerr << "to nowhere" << std::endl;
    return n;
  };
  for (int i = 0; i < 10; ++i) {
    if (pool.submit(noisy, int{i}).result() != i) return kBad;
  }
  const auto shared = SharedArray<char>::make(1 << 20, [](std::span<char> bytes) { bytes[7] = 'x'; });
  const auto same = pool.submit([](SharedArray<char> array) { return array; }, shared).result();
  const auto large = pool.submit([](std::string text) { return text; }, std::string(1 << 20, 'y')).result();
  return same[7] == 'x' && large.size() == 1 << 20 && are_closed() ? kGood : kBad;
}
const bool daemon_host_added = test::add_program("daemon_host", &daemon_host);

TEST(ProcessHost, WithoutStandardDescriptorsWorks) {
  RunningProgram host("daemon_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Lets a filter of the system calls of this thread, and of threads and processes that it makes, decide.
template <std::size_t N>
bool install(sock_filter (&instructions)[N]) {
  const sock_fprog filter{static_cast<unsigned short>(N), instructions};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Cannot fork: only processes that share this one's memory, as threads and posix_spawn() make, can be made.
int forkless_host(const std::string&) {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  if (!install(instructions)) {
    std::cout << "no seccomp" << std::endl;
    return kGood;
  }
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto one = pool.submit(&own_pid);
  std::cout << refusal_of([&] { one.result(); }) << std::endl;
  return says(refusal_of([&] { pool.submit(&own_pid); }), "no worker process") ? kGood : kBad;
}
const bool forkless_host_added = test::add_program("forkless_host", &forkless_host);

TEST(ProcessHost, ThatCannotForkGetsBrokenExecutor) {
  RunningProgram host("forkless_host");
  const std::string line = host.read_line();
  if (line == "no seccomp") GTEST_SKIP() << line;
  EXPECT_TRUE(says(line, "no worker process can be started: Resource temporarily unavailable")) << line;
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Cannot ask its helper for a worker.
int mute_host(const std::string&) {
  ProcessPoolExecutor pool({.max_workers = 2});
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ETOOMANYREFS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  if (!install(instructions)) {
    std::cout << "no seccomp" << std::endl;
    return kGood;
  }
  const auto future = pool.submit(&own_pid);
  std::cout << refusal_of([&] { future.result(); }) << std::endl;
  return kGood;
}
const bool mute_host_added = test::add_program("mute_host", &mute_host);

TEST(ProcessHost, ThatCannotAskForAWorkerGetsBrokenExecutor) {
  RunningProgram host("mute_host");
  const std::string line = host.read_line();
  if (line == "no seccomp") GTEST_SKIP() << line;
  EXPECT_TRUE(says(line, "no worker process can be started: Too many references")) << line;
  EXPECT_EQ(exit_code_of(host), kGood);
}

}  // namespace
}  // namespace overlap
