#pragma once
/// The pool's side of its helper: a child process that runs the same program and forks the workers.

#include <optional>
#include <span>
#include <string>

#include "executors/process/channel.hpp"
#include "executors/process/helper_protocol.hpp"

namespace overlap::detail {

/// The sending half is guarded by the pool's lock, the receiving half belongs to its manager thread. Never blocks but
/// in wait().
class HelperProcess {
 public:
  /// Starts it; it gets the memory of the pool's bell. Throws BrokenExecutor.
  HelperProcess(const WorkerSetup& setup, int bell);
  /// Ends it and waits for that.
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  int fd() const noexcept { return control_.get(); }

  /// Asks for a worker, or for a worker's end (nothing happens when it is gone already). Give 0 when that was done,
  /// EAGAIN when it must be tried again once the socket takes more, and otherwise why it can't be done. That the helper
  /// is gone is no error here: its end-of-file tells, for all workers at once.
  int start_worker(std::uint64_t worker, const Channel::WorkerEnd& end) noexcept;
  int kill_worker(std::uint64_t worker, int signal) noexcept;
  /// The helper kills what workers are left, and ends.
  void end() noexcept;

  /// The next report; nothing when none is there for now, or when has_ended().
  std::optional<HelperReport> receive();
  bool has_ended() const noexcept { return ended_; }

  /// Waits for the end of the process, after end() or has_ended(), and says how it ended. May be called once.
  std::string wait();

 private:
  int send(const HelperRequest& request, std::span<const int> fds) noexcept;

  UniqueFd control_;
  UniqueFd process_;  // a pidfd: means this very child, whoever reaps it
  bool ended_ = false;
};

}  // namespace overlap::detail
