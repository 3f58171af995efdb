// What processes leave behind, and what they leave alone: descriptors, signals, children, the program around the pool.
#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_programs.hpp"
#include "support/process_tools.hpp"

namespace {
bool in_forked_child = false;
}

/// Asked by the leak sanitizer. A forked child cannot free what only the stacks of the threads refer to that it has
/// not.
extern "C" int __lsan_is_turned_off() { return in_forked_child ? 1 : 0; }

namespace overlap {
namespace {

using test::Gate;
using test::own_pid;
using test::ProcessWatch;
using test::RunningProgram;
using test::wait_at_gate;

constexpr int kGood = 0;
constexpr int kBad = 1;

int exit_code_of(RunningProgram& program) {
  const int status = program.wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
    return "no error";
  } catch (const BrokenExecutor& error) {
    return error.what();
  }
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

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
  Gate gate;
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
  Gate gate;
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
  Gate gate;
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
    in_forked_child = true;
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

/// Closes the standard descriptors, then uses a pool whose tasks print.
int daemon_host(const std::string&) {
  for (const int fd : {0, 1, 2}) ::close(fd);
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto noisy = [](int n) {
    std::cout << "to nowhere" << std::endl;
    std::cerr << "to nowhere" << std::endl;
    return n;
  };
  for (int i = 0; i < 10; ++i) {
    if (pool.submit(noisy, int{i}).result() != i) return kBad;
  }
  return kGood;
}
const bool daemon_host_added = test::add_program("daemon_host", &daemon_host);

TEST(ProcessHost, WithoutStandardDescriptorsWorks) {
  RunningProgram host("daemon_host");
  EXPECT_EQ(exit_code_of(host), kGood);
}

/// Cannot fork: only processes that share this one's memory, as threads and posix_spawn() make, can be made.
int forkless_host(const std::string&) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
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

// Signals.

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

// Descriptors and processes left behind.

TEST(ProcessResources, WorkersHaveNoDescriptorsButTheirOwn) {
  int plain_pipe[2];
  ASSERT_EQ(::pipe(plain_pipe), 0);  // no O_CLOEXEC: a child would inherit it
  ProcessPoolExecutor pool({.max_workers = 3});
  const auto list = [] {
    std::string text;
    for (int fd = 0; fd < 1000; ++fd) {
      if (::fcntl(fd, F_GETFD) >= 0) text += std::to_string(fd) + " ";
    }
    return text;
  };
  test::warm_up(pool, 3);
  const auto fewer_than_five = [](const std::string& text) { return std::ranges::count(text, ' ') < 5; };
  for (int i = 0; i < 6; ++i) {
    const std::string fds = pool.submit(list).result();
    EXPECT_TRUE(fewer_than_five(fds)) << fds;
  }
  ::close(plain_pipe[0]);
  ::close(plain_pipe[1]);
}

TEST(ProcessResources, NoDescriptorIsLeaked) {
  const auto use = [] {
    ProcessPoolExecutor pool({.max_workers = 2, .max_tasks_per_child = 2});
    std::vector<Future<pid_t>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(pool.submit(&own_pid));
    pool.submit([] { std::_Exit(1); });
    for (const auto& future : futures) future.result();
  };
  use();
  const int before = test::count_descriptors();
  for (int i = 0; i < 3; ++i) use();
  EXPECT_EQ(test::count_descriptors(), before);
}

TEST(ProcessResources, TwoHundredPoolsInARow) {
  const int before = test::count_descriptors();
  for (int i = 0; i < 200; ++i) {
    ProcessPoolExecutor pool({.max_workers = 2});
    EXPECT_GT(pool.submit(&own_pid).result(), 0);
  }
  EXPECT_EQ(test::count_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // and no child
}

TEST(ProcessResources, WorkersAreGoneAfterShutdown) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<ProcessWatch> watches;
  for (const pid_t pid : test::warm_up(pool, 2)) watches.emplace_back(pid);
  pool.shutdown();
  for (const auto& watch : watches) watch.wait_gone();
  EXPECT_TRUE(pool.worker_pids().empty());
}

}  // namespace
}  // namespace overlap
