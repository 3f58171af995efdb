// The system refuses another thread: the future of the task says so, or the threads that there are do the work.

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <iostream>
#include <vector>

#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/gate.hpp"
#include "support/process_hosts.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using test::kBad;
using test::kGood;
using test::refusal_of;
using test::RunningProgram;
using test::says;

/// From now on no thread of this process can make another.
bool refuse_threads() {
  test::expect_leaks();  // to look for leaks takes a thread
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(instructions)), instructions};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int threadless_pool(const std::string&) {
  if (!refuse_threads()) return std::cout << "no seccomp" << std::endl, kGood;
  ThreadPoolExecutor pool({.max_workers = 2});
  const auto future = pool.submit([] { return 1; });
  std::cout << refusal_of([&] { future.result(); }) << std::endl;
  return says(refusal_of([&] { pool.submit([] {}); }), "no thread could be started") ? kGood : kBad;
}
const bool threadless_pool_added = test::add_program("threadless_pool", &threadless_pool);

TEST(NoThread, FailsWhatAThreadPoolWasGiven) {
  RunningProgram host("threadless_pool");
  const std::string line = host.read_line();
  if (line == "no seccomp") GTEST_SKIP() << line;
  EXPECT_TRUE(says(line, "no thread could be started")) << line;
  EXPECT_EQ(exit_code_of(host), kGood);
}

int pool_of_one(const std::string&) {
  ThreadPoolExecutor pool({.max_workers = 4});
  pool.submit([] {}).result();
  if (!refuse_threads()) return std::cout << "no seccomp" << std::endl, kGood;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(pool.submit([i] { return i; }));
  int sum = 0;
  for (const auto& future : futures) sum += future.result();
  std::cout << sum << std::endl;
  return kGood;
}
const bool pool_of_one_added = test::add_program("pool_of_one", &pool_of_one);

TEST(NoThread, LeavesTheWorkToTheThreadsThatThereAre) {
  RunningProgram host("pool_of_one");
  const std::string line = host.read_line();
  if (line == "no seccomp") GTEST_SKIP() << line;
  EXPECT_EQ(line, "4950");
  EXPECT_EQ(exit_code_of(host), kGood);
}

int threadless_loop(const std::string&) {
  if (!refuse_threads()) return std::cout << "no seccomp" << std::endl, kGood;
  EventLoopExecutor loop;
  std::cout << refusal_of([&] { loop.submit([] {}); }) << std::endl;
  return kGood;
}
const bool threadless_loop_added = test::add_program("threadless_loop", &threadless_loop);

TEST(NoThread, RefusesWhatAnEventLoopIsGiven) {
  RunningProgram host("threadless_loop");
  const std::string line = host.read_line();
  if (line == "no seccomp") GTEST_SKIP() << line;
  EXPECT_TRUE(says(line, "no thread could be started")) << line;
  EXPECT_EQ(exit_code_of(host), kGood);
}

}  // namespace
}  // namespace overlap
