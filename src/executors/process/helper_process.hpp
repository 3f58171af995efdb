#pragma once
/// The pool's side of its helper: a child process that runs the same program and forks the workers.

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executors/process/channel.hpp"
#include "executors/process/helper_protocol.hpp"

namespace overlap::detail {

/// The sending half is guarded by the pool's lock, the receiving half belongs to its manager thread. Never blocks but
/// in wait().
class HelperProcess {
 public:
  /// Starts it. Throws BrokenExecutor.
  explicit HelperProcess(const WorkerSetup& setup);
  /// Ends it and waits for that.
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  int fd() const noexcept { return control_.get(); }

  void start_worker(std::uint64_t worker, Channel::WorkerEnd end);
  /// Nothing happens when the worker is gone already.
  void kill_worker(std::uint64_t worker, int signal);
  void flush();
  bool has_unsent() const noexcept { return !unsent_.empty(); }
  /// Workers that could not be asked for, as the helper reports those that it cannot fork.
  bool has_refused() const noexcept { return !refused_.empty(); }
  std::vector<HelperReport> take_refused() noexcept { return std::exchange(refused_, {}); }
  /// The helper kills what workers are left, and ends.
  void end() noexcept;

  /// The next report; nothing when none is there for now, or when has_ended().
  std::optional<HelperReport> receive();
  bool has_ended() const noexcept { return ended_; }

  /// Waits for the end of the process, after end() or has_ended(), and says how it ended. May be called once.
  std::string wait();

 private:
  struct Unsent {
    HelperRequest request;
    std::optional<Channel::WorkerEnd> end;
  };
  void send(Unsent message);
  bool try_send(const Unsent& message);

  UniqueFd control_;
  UniqueFd process_;  // a pidfd: means this very child, whoever reaps it
  std::deque<Unsent> unsent_;
  std::vector<HelperReport> refused_;
  bool ended_ = false;
};

}  // namespace overlap::detail
