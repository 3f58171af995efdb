#pragma once
/// What tests of worker processes share: waiting for processes without sleeping, and meeting points between processes.

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <overlap/executors/process_pool_executor.hpp>

#include "executors/process/channel.hpp"

namespace overlap::test {

/// Blocks until a process is gone (or a zombie). The process must not have been reaped when this is made.
class ProcessWatch {
 public:
  explicit ProcessWatch(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    if (fd_ < 0 && errno != ESRCH) throw std::runtime_error("pidfd_open");
  }
  ProcessWatch(ProcessWatch&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ProcessWatch& operator=(ProcessWatch&&) = delete;
  ~ProcessWatch() {
    if (fd_ >= 0) ::close(fd_);
  }
  void wait_gone() const {
    if (fd_ < 0) return;
    pollfd ended{fd_, POLLIN, 0};
    while (::poll(&ended, 1, -1) != 1) {
    }
  }

 private:
  int fd_;
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "overlap-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Where a task waits until the test lets it go on.
class ProcessGate {
 public:
  ProcessGate() : path_(directory_.file("gate")) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  }
  ~ProcessGate() {
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);  // for a task that waits, should one do so
    open();
  }
  ProcessGate(const ProcessGate&) = delete;
  ProcessGate& operator=(const ProcessGate&) = delete;

  const std::string& path() const { return path_; }
  /// Blocks until a task waits at the gate.
  void wait_for_task() {
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);  // opening waits for a reader
  }
  /// Lets those go on that wait.
  void open() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  int fd_ = -1;
};

/// The task's side of a ProcessGate; gives its process id.
inline pid_t wait_at_gate(const std::string& path) {
  std::ifstream gate(path);  // opening waits for the test
  gate.get();                // end-of-file: the test has closed its end
  return ::getpid();
}

inline pid_t own_pid() { return ::getpid(); }

/// Dies of a signal, without a core file, whatever a sanitizer thinks of the signal.
[[noreturn]] inline void die_by(int signal) {
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(signal, SIG_DFL);
  ::raise(signal);
  std::abort();
}

inline int count_descriptors() {
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<int>(std::distance(begin(entries), end(entries)));
}

/// Waits, without blocking anybody, for a change in the pool that no future tells of.
inline void wait_until_gone_from(const ProcessPoolExecutor& pool, pid_t pid) {
  while (std::ranges::count(pool.worker_pids(), pid) != 0) ::sched_yield();
}

/// Makes `count` workers of the pool ready and gives their process ids, in the order in which they became idle.
inline std::vector<pid_t> warm_up(ProcessPoolExecutor& pool, std::size_t count) {
  std::vector<std::unique_ptr<ProcessGate>> gates;
  std::vector<Future<pid_t>> futures;
  for (std::size_t i = 0; i < count; ++i) {
    gates.push_back(std::make_unique<ProcessGate>());
    futures.push_back(pool.submit(&wait_at_gate, gates.back()->path()));
  }
  for (const auto& gate : gates) gate->wait_for_task();  // all at once: each in a worker of its own
  std::vector<pid_t> pids;
  for (std::size_t i = 0; i < count; ++i) {
    gates[i]->open();
    pids.push_back(futures[i].result());
  }
  return pids;
}

/// In a worker: the memory of that name that it shares with the pool.
inline void* shared_memory(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:" + name) != std::string::npos) {
      return reinterpret_cast<void*>(std::stoull(line, nullptr, 16));
    }
  }
  throw std::runtime_error("no shared memory " + name);
}
inline detail::ChannelMemory& own_channel() {
  return *static_cast<detail::ChannelMemory*>(shared_memory("overlap-channel"));
}
inline detail::Bell& pool_bell() { return *static_cast<detail::Bell*>(shared_memory("overlap-bell")); }

/// In a worker: dies, by a second thread, as soon as something that the worker sent waits to be read by the pool.
inline void die_when_answer_is_under_way() {
  const detail::RingCounters& sent = own_channel().from_worker;
  std::thread([&sent] {
    while (sent.written.load() == sent.taken.load()) ::sched_yield();
    die_by(SIGKILL);
  }).detach();
}

}  // namespace overlap::test
