// An executor with nothing to do takes no CPU: none of its threads, worker processes or helpers wakes up to look for
// work.
#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <latch>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <overlap/overlap.hpp>

#include "support/gate.hpp"
#include "support/process_tools.hpp"
#include "support/standstill.hpp"

namespace overlap {
namespace {

using namespace std::chrono_literals;

class IdleExecutor : public testing::Test {
 protected:
  void SetUp() override {
    if (test::system_call_of("/proc/thread-self").number != SYS_read) {
      GTEST_SKIP() << "the kernel does not show the system calls of threads (/proc/self/syscall)";
    }
    std::thread([] {}).join();  // the thread sanitizer starts one of its own along with the first
    before_ = test::threads_of(::getpid());
  }

  /// The threads of this process that came since the test began.
  std::vector<std::string> new_threads() const {
    std::vector<std::string> threads;
    std::ranges::set_difference(test::threads_of(::getpid()), before_, std::back_inserter(threads));
    return threads;
  }

 private:
  std::vector<std::string> before_;
};

pid_t parent_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
  }
  return 0;
}

template <class E>
void work(E& executor) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(executor.submit([](int value) { return value; }, i));
  for (const auto& future : futures) future.result();
}

TEST_F(IdleExecutor, ThreadPoolStandsStill) {
  ThreadPoolExecutor pool({.max_workers = 4});
  work(pool);
  pool.submit([&pool] { pool.submit([] {}).result(); }).result();  // from inside: through the worker's own queue
  EXPECT_FALSE(new_threads().empty());
  EXPECT_EQ(test::what_never_comes_to_rest(new_threads()), "");
}

TEST_F(IdleExecutor, ThreadPoolStandsStillWhileATaskWaits) {
  ThreadPoolExecutor pool({.max_workers = 4});
  test::Gate gate;
  const auto waits = pool.submit([pass = gate.pass()] { pass.wait(); });
  gate.wait_for_arrivals(1);
  for (int i = 0; i < 100; ++i) pool.submit([] {}).result();
  EXPECT_EQ(test::what_never_comes_to_rest(new_threads()), "");
  gate.open();
}

TEST_F(IdleExecutor, EventLoopStandsStill) {
  EventLoopExecutor loop;
  work(loop);
  std::vector<Future<void>> sleepers;
  for (int i = 0; i < 20; ++i) sleepers.push_back(loop.submit(sleep_for, Duration(1ms)));
  for (const auto& sleeper : sleepers) sleeper.result();
  EXPECT_EQ(new_threads().size(), 1U);
  EXPECT_EQ(test::what_never_comes_to_rest(new_threads()), "");
}

Task<void> wait_for_an_item(Queue<int>* queue) { co_await queue->get(); }

TEST_F(IdleExecutor, EventLoopStandsStillWhileATaskWaits) {
  EventLoopExecutor loop;
  Queue<int> queue(1);
  auto waits = loop.submit(wait_for_an_item, &queue);
  loop.submit(sleep_for, Duration(1ms)).result();
  EXPECT_EQ(test::what_never_comes_to_rest(new_threads()), "");
  waits.request_stop();
}

Task<void> hand_to_a_thread() {
  const auto call = [] {};
  co_await to_thread(call);
}

TEST_F(IdleExecutor, EventLoopThatHandsWorkToThreadsStandsStill) {
  EventLoopExecutor loop;
  loop.submit(hand_to_a_thread).result();
  // The threads of to_thread belong to the process: they are new in the first test that needs them.
  EXPECT_EQ(test::what_never_comes_to_rest(new_threads()), "");
}

TEST_F(IdleExecutor, ProcessPoolStandsStillInEveryProcess) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer has a thread of its own in each process, which polls";
#endif
  ProcessPoolExecutor pool({.max_workers = 3});
  test::warm_up(pool, 3);
  work(pool);
  std::vector<pid_t> processes = pool.worker_pids();
  ASSERT_EQ(processes.size(), 3U);
  processes.push_back(parent_of(processes.front()));  // the helper
  ASSERT_NE(processes.back(), ::getpid());
  std::vector<std::string> threads = new_threads();
  for (const pid_t process : processes) std::ranges::copy(test::threads_of(process), std::back_inserter(threads));
  EXPECT_GE(threads.size(), 5U);
  EXPECT_EQ(test::what_never_comes_to_rest(threads), "");
}

TEST_F(IdleExecutor, WhoLooksNowAndThenIsFoundOut) {
  std::latch polling(1);
  std::jthread polls([&polling](const std::stop_token& stop) {
    polling.count_down();  // before, it may wait for what starts threads
    while (!stop.stop_requested()) std::this_thread::sleep_for(10ms);
  });
  polling.wait();
  const auto sleeper = new_threads();
  ASSERT_EQ(sleeper.size(), 1U);
  std::latch looking(1);
  std::jthread looks([&looking](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    looking.count_down();
    while (!stop.stop_requested()) changed.wait_for(lock, 10ms);
  });
  looking.wait();
  const auto both = new_threads();
  ASSERT_EQ(both.size(), 2U);
  const std::vector<std::string> waiter{both[0] == sleeper[0] ? both[1] : both[0]};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(test::who_moves(sleeper), "");
    ASSERT_NE(test::who_moves(waiter), "");
  }
}

TEST_F(IdleExecutor, TimerAboutToGoOffIsFoundOut) {
  EventLoopExecutor loop;
  auto sleeps = loop.submit(sleep_for, Duration(30s));
  while (test::timer_soon_due().empty()) std::this_thread::yield();
  sleeps.request_stop();
}

}  // namespace
}  // namespace overlap
