// Workers that die: of every cause, at every moment.
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <set>

#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_tools.hpp"

namespace overlap {
namespace {

using test::own_pid;
using test::ProcessGate;
using test::ProcessWatch;
using test::wait_at_gate;
using OnCrash = ProcessPoolExecutor::OnCrash;

int die(int signal) { test::die_by(signal); }
int leave(int code) { std::_Exit(code); }

/// What WorkerCrashed says; what else happened otherwise.
template <class T>
std::string crash_of(const Future<T>& future) {
  try {
    future.result();
    return "no error";
  } catch (const WorkerCrashed& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class ProcessDeathBy : public testing::TestWithParam<std::pair<int, const char*>> {};

TEST_P(ProcessDeathBy, SignalFailsItsTaskAloneAndIsNamed) {
  ProcessPoolExecutor pool({.max_workers = 2});
  ProcessGate gate;
  const auto other = pool.submit(&wait_at_gate, gate.path());
  gate.wait_for_task();
  const auto [signal, name] = GetParam();
  const auto crashed = pool.submit(&die, int{signal});
  const auto later = pool.submit(&own_pid);
  const std::string message = crash_of(crashed);
  EXPECT_TRUE(says(message, name) && says(message, "worker 2") && says(message, "while it ran task 2")) << message;
  EXPECT_GT(later.result(), 0);
  gate.open();
  EXPECT_GT(other.result(), 0);
}

INSTANTIATE_TEST_SUITE_P(AllKinds, ProcessDeathBy,
                         testing::Values(std::pair(SIGKILL, "killed by signal 9 (SIGKILL)"),
                                         std::pair(SIGABRT, "killed by signal 6 (SIGABRT)"),
                                         std::pair(SIGSEGV, "killed by signal 11 (SIGSEGV)"),
                                         std::pair(SIGTERM, "killed by signal 15 (SIGTERM)")));

TEST(ProcessDeath, ExitCodesAreNamedZeroToo) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto zero = pool.submit(&leave, 0);
  const auto three = pool.submit(&leave, 3);
  const auto by_exit = pool.submit([] { std::exit(4); });
  const auto later = pool.submit(&own_pid);
  EXPECT_TRUE(says(crash_of(zero), "exited with code 0")) << crash_of(zero);
  EXPECT_TRUE(says(crash_of(three), "exited with code 3")) << crash_of(three);
  EXPECT_TRUE(says(crash_of(by_exit), "exited with code 4")) << crash_of(by_exit);
  EXPECT_GT(later.result(), 0);
}

TEST(ProcessDeath, ManyInARowAreAllReplaced) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<Future<int>> crashed;
  std::vector<Future<pid_t>> good;
  for (int i = 0; i < 20; ++i) {
    crashed.push_back(pool.submit(&leave, i));
    good.push_back(pool.submit(&own_pid));
  }
  for (const auto& future : crashed) EXPECT_THROW(future.result(), WorkerCrashed);
  for (const auto& future : good) EXPECT_GT(future.result(), 0);
}

TEST(ProcessDeath, OfAnIdleWorkerHarmsNobody) {
  ProcessPoolExecutor pool({.max_workers = 2});
  for (const pid_t pid : test::warm_up(pool, 2)) {
    ::kill(pid, SIGKILL);
    test::wait_until_gone_from(pool, pid);
  }
  EXPECT_GT(pool.submit(&own_pid).result(), 0);
}

TEST(ProcessDeath, InMidResultDropsTheHalfMessage) {
  ProcessPoolExecutor pool({.max_workers = 2});
  ProcessGate gate;
  std::promise<void> go_on;
  std::promise<void> held;
  const auto first = pool.submit(&wait_at_gate, gate.path());
  gate.wait_for_task();
  // Nobody reads what workers send while this callback holds the pool's thread.
  first.add_done_callback([&](const Future<pid_t>&) {
    held.set_value();
    go_on.get_future().wait();
  });
  const pid_t victim = pool.submit(&own_pid).result();
  const auto huge = pool.submit([] {
    test::die_when_answer_is_under_way();
    return std::vector<std::string>(1000, std::string(1000, 'x'));  // more than the ring holds
  });
  const ProcessWatch watch(victim);
  gate.open();
  held.get_future().wait();
  watch.wait_gone();
  go_on.set_value();
  EXPECT_TRUE(says(crash_of(huge), "SIGKILL")) << crash_of(huge);
  EXPECT_GT(pool.submit(&own_pid).result(), 0);
}

TEST(ProcessDeath, AfterTheResultWasSentLosesNothing) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  std::promise<void> go_on;
  std::promise<void> held;
  const auto first = pool.submit(&wait_at_gate, gate.path());
  gate.wait_for_task();
  first.add_done_callback([&](const Future<pid_t>&) {
    held.set_value();
    go_on.get_future().wait();
  });
  gate.open();
  held.get_future().wait();
  const ProcessWatch worker(first.result());
  // With the pool's thread held, this thread gives the task to the worker, and nobody reads the answer.
  const auto answered = pool.submit([] {
    test::die_when_answer_is_under_way();
    return ::getpid();
  });
  EXPECT_TRUE(answered.running());
  worker.wait_gone();
  go_on.set_value();
  EXPECT_EQ(answered.result(), first.result());
}

TEST(ProcessDeath, ComesToAWorkerThatWritesOverTheMemoryOfItsChannel) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto vandal = pool.submit([] {
    detail::ChannelMemory& channel = test::own_channel();
    std::fill(channel.bytes_from_worker.begin(), channel.bytes_from_worker.end(), 'v');
    channel.from_worker.written.store(~std::uint64_t{0});
    test::pool_bell().ring();
    while (true) ::pause();
  });
  EXPECT_TRUE(says(crash_of(vandal), "SIGKILL")) << crash_of(vandal);
  EXPECT_GT(pool.submit(&own_pid).result(), 0);
}

TEST(ProcessDeath, BeforeTheTaskBeganGivesItToAnother) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const pid_t stopped = pool.submit(&own_pid).result();
  ::kill(stopped, SIGSTOP);
  const auto future = pool.submit(&own_pid);  // is sent to the idle worker, which does not read it
  EXPECT_TRUE(future.running());
  ::kill(stopped, SIGKILL);
  EXPECT_GT(future.result(), 0);
  EXPECT_NE(future.result(), stopped);
}

TEST(ProcessDeath, BeforeTheTaskBeganThreeTimesFailsIt) {
  ProcessPoolExecutor pool({.max_workers = 4});
  const std::vector<pid_t> pids = test::warm_up(pool, 4);
  for (const pid_t pid : pids) ::kill(pid, SIGSTOP);
  const auto future = pool.submit(&own_pid);
  for (const std::size_t i : {3u, 2u, 1u}) {  // the last to become idle is the first to get work
    EXPECT_FALSE(future.done());
    ::kill(pids[i], SIGKILL);
    test::wait_until_gone_from(pool, pids[i]);
  }
  EXPECT_TRUE(says(crash_of(future), "before it could begin task 5")) << crash_of(future);
  ::kill(pids[0], SIGCONT);
  EXPECT_EQ(pool.submit(&own_pid).result(), pids[0]);
}

TEST(ProcessDeath, OfTheHelperFailsEverythingAndBreaksThePool) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const pid_t helper = pool.submit([] { return ::getppid(); }).result();
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  const auto queued = pool.submit(&own_pid);
  gate.wait_for_task();
  const ProcessWatch worker(pool.worker_pids().at(0));
  ::kill(helper, SIGKILL);
  EXPECT_THROW(running.result(), BrokenExecutor);
  EXPECT_THROW(queued.result(), BrokenExecutor);
  EXPECT_THROW(pool.submit(&own_pid), BrokenExecutor);
  worker.wait_gone();
  pool.shutdown();
}

// What the pool makes of a death.

/// Counts its runs in a file, and crashes in the first `crashes` of them.
int crash_at_first(std::string file, int crashes) {
  std::ofstream(file, std::ios::app) << 'x';
  const int runs = static_cast<int>(std::filesystem::file_size(file));
  if (runs <= crashes) std::_Exit(9);
  return runs;
}

TEST(ProcessOnCrash, RetryRunsTheTaskAgain) {
  test::TemporaryDirectory directory;
  ProcessPoolExecutor pool({.max_workers = 1, .on_crash = OnCrash::retry(2)});
  EXPECT_EQ(pool.submit(&crash_at_first, directory.file("twice"), 2).result(), 3);
  EXPECT_TRUE(says(crash_of(pool.submit(&crash_at_first, directory.file("thrice"), 3)), "exited with code 9"));
}

TEST(ProcessOnCrash, BreakPoolFailsWhatWaitsAndFinishesWhatRuns) {
  ProcessPoolExecutor pool({.max_workers = 2, .on_crash = OnCrash::break_pool()});
  ProcessGate gate;
  ProcessGate crash_gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  const auto crashing = pool.submit(
      [](const std::string& path) -> int {
        wait_at_gate(path);
        std::_Exit(1);
      },
      crash_gate.path());
  const auto queued = pool.submit(&own_pid);
  gate.wait_for_task();
  crash_gate.wait_for_task();
  crash_gate.open();
  EXPECT_THROW(crashing.result(), WorkerCrashed);
  EXPECT_THROW(queued.result(), BrokenExecutor);
  EXPECT_THROW(pool.submit(&own_pid), BrokenExecutor);
  gate.open();
  EXPECT_GT(running.result(), 0);
}

TEST(ProcessTerminate, EndsARunningTaskAndItsWorker) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  auto queued = pool.submit(&own_pid);
  gate.wait_for_task();
  const ProcessWatch worker(pool.worker_pids().at(0));
  EXPECT_TRUE(pool.terminate(running));
  EXPECT_TRUE(pool.terminate(running));
  EXPECT_THROW(running.result(), CancelledError);
  worker.wait_gone();
  EXPECT_GT(queued.result(), 0);
  EXPECT_FALSE(pool.terminate(queued));
}

TEST(ProcessTerminate, CancelsAPendingTask) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  const auto queued = pool.submit(&own_pid);
  EXPECT_TRUE(pool.terminate(queued));
  EXPECT_TRUE(queued.cancelled());
  gate.wait_for_task();
  gate.open();
  EXPECT_GT(running.result(), 0);
}

TEST(ProcessTerminate, RefusesTheFutureOfAnotherPool) {
  ProcessPoolExecutor one({.max_workers = 1});
  ProcessPoolExecutor two({.max_workers = 1});
  const auto future = one.submit(&own_pid);
  EXPECT_THROW(two.terminate(future), std::invalid_argument);
}

TEST(ProcessTerminate, AllWorkersEndsAtOnce) {
  for (const bool by_kill : {false, true}) {
    ProcessPoolExecutor pool({.max_workers = 1, .on_crash = OnCrash::retry(5)});
    ProcessGate gate;
    const auto running = pool.submit(&wait_at_gate, gate.path());
    const auto queued = pool.submit(&own_pid);
    gate.wait_for_task();
    by_kill ? pool.kill_workers() : pool.terminate_workers();
    EXPECT_TRUE(queued.cancelled());
    EXPECT_TRUE(says(crash_of(running), by_kill ? "SIGKILL" : "SIGTERM")) << crash_of(running);
    EXPECT_THROW(pool.submit(&own_pid), BrokenExecutor);
    pool.shutdown();
  }
}

}  // namespace
}  // namespace overlap
