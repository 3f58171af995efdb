// Descriptors and processes: what workers have, and what a pool leaves behind.
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

using test::own_pid;
using test::ProcessWatch;

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
