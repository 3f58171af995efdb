#pragma once
/// Whether threads stand still: every one of them waits, in the kernel, for something that another one must do. Who so
/// much as wakes up now and then to look whether there is work waits with a timeout, and is told apart at once, without
/// watching it for a while.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace overlap::test {

/// /proc/PID/task/TID of every thread of a process.
inline std::vector<std::string> threads_of(pid_t process) {
  std::vector<std::string> threads;
  std::error_code ended;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ended)) {
    threads.push_back(thread.path());
  }
  std::ranges::sort(threads);
  return threads;
}

/// The system call that a thread is in, with its first six arguments as the kernel shows them.
struct SystemCall {
  long number = -1;
  std::array<unsigned long, 6> arguments{};
};

/// A number of -1: the thread runs, is gone, or the kernel does not say.
inline SystemCall system_call_of(const std::string& thread) {
  SystemCall call;
  std::ifstream file(thread + "/syscall");
  std::string word;
  if (!(file >> word) || word == "running") return call;
  call.number = std::strtol(word.c_str(), nullptr, 10);
  for (unsigned long& argument : call.arguments) {
    file >> word;
    argument = std::strtoul(word.c_str(), nullptr, 16);
  }
  return call;
}

/// Whether the call returns only when somebody else does something. Of a read it is assumed that its socket has no
/// timeout.
inline bool waits_for_good(const SystemCall& call) {
  const auto& arguments = call.arguments;
  switch (call.number) {
    case SYS_futex:
      return arguments[3] == 0 &&
             ((arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT || (arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET);
    case SYS_epoll_pwait:
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
      return static_cast<int>(arguments[3]) == -1;
#ifdef SYS_poll
    case SYS_poll:
      return static_cast<int>(arguments[2]) == -1;
#endif
    case SYS_ppoll:
      return arguments[2] == 0;
    case SYS_read:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_wait4:
    case SYS_waitid:
      return true;
    default:
      return false;
  }
}

/// How often the thread has given its CPU back, and how often it was taken from it.
inline std::string switches_of(const std::string& thread) {
  std::string switches;
  std::ifstream status(thread + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.find("ctxt_switches:") != std::string::npos) switches += line + " ";
  }
  return switches;
}

/// A timer of this process that goes off within the next two minutes, with its time; empty if there is none. One that a
/// thread has in its epoll set would wake it. Asio's loop, once it has slept, sets its timer to five minutes when it
/// has nothing to wait for, and then again: a wake-up of 10 us that is left to it.
inline std::string timer_soon_due() {
  constexpr long soon_s = 120;
  std::error_code closed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo", closed)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      long seconds = 0;
      long nanoseconds = 0;
      if (std::sscanf(line.c_str(), "it_value: (%ld, %ld)", &seconds, &nanoseconds) != 2) continue;
      if (seconds < soon_s && seconds + nanoseconds != 0) return entry.path().string() + " " + line;
    }
  }
  return {};
}

/// The first of the threads that does not wait for good, with what it does; empty if at some moment all of them did.
inline std::string who_moves(const std::vector<std::string>& threads) {
  std::vector<std::string> before;
  for (const auto& thread : threads) before.push_back(switches_of(thread));
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const SystemCall call = system_call_of(threads[i]);
    if (!waits_for_good(call)) return threads[i] + " is in system call " + std::to_string(call.number);
  }
  // None has run since the switches were read: so they waited all at once, and not one after the other.
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (switches_of(threads[i]) != before[i]) return threads[i] + " has run";
  }
  return {};
}

/// Looks until all stand still, for at most 20 s; gives what still moves then.
inline std::string what_never_comes_to_rest(const std::vector<std::string>& threads) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    std::string moves = who_moves(threads);
    if (moves.empty()) moves = timer_soon_due();
    if (moves.empty() || std::chrono::steady_clock::now() > end) return moves;
    std::this_thread::yield();
  }
}

}  // namespace overlap::test
