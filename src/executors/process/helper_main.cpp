// The end of a helper:
//   1. End-of-file on the control socket (the pool has ended, or its process has), or the end of the host process (a
//      child that it forked may still hold the socket).
//   2. The workers that are left are killed, and the helper exits; the kernel sends each worker SIGKILL for that too.
// The helper has one thread, so what it forks is whole.

#include "executors/process/helper_main.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include <fmt/format.h>

#include "executors/process/bell.hpp"
#include "executors/process/helper_protocol.hpp"
#include "executors/process/process_role.hpp"
#include "executors/process/shared_region.hpp"
#include "executors/process/worker_main.hpp"

namespace overlap::detail {
namespace {

class Helper {
 public:
  Helper(UniqueFd control, const WorkerSetup& setup, int bell)
      : setup_(setup),
        bell_(bell, SharedRegion::ForkedChildren::keep_it),
        control_(std::move(control)),
        host_(open_pidfd(setup.host)) {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    children_ = UniqueFd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  void run() {
    // Asked after host_ was opened: if the host had died before, we are another's child by now.
    if (::getppid() != setup_.host) return;
    while (true) {
      std::array<pollfd, 3> watched = {pollfd{control_.get(), POLLIN, 0}, pollfd{children_.get(), POLLIN, 0},
                                       pollfd{host_.get(), POLLIN, 0}};
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[2].revents != 0) break;
      if (watched[1].revents != 0) reap();
      if (watched[0].revents != 0 && !serve()) break;
    }
    for (const auto& [id, pid] : workers_) ::kill(pid, SIGKILL);
  }

 private:
  /// One request; false at the end of the stream.
  bool serve() {
    HelperRequest request{};
    Channel::WorkerEnd end;
    std::array<UniqueFd, 2> fds;
    const ssize_t size = receive_message(control_.get(), std::as_writable_bytes(std::span(&request, 1)), fds, 0);
    if (size != sizeof request) return false;
    if (request.kind == HelperRequest::Kind::kill) {
      // A worker is in the table until it was reaped here, so the number is still its own.
      const auto found = workers_.find(request.worker);
      if (found != workers_.end()) ::kill(found->second, request.signal);
      return true;
    }
    if (!fds[0] || !fds[1]) return report(HelperReport::Kind::start_failed, request.worker, 0, EMFILE);
    return start_worker(request.worker, {std::move(fds[0]), std::move(fds[1])});
  }

  bool start_worker(std::uint64_t id, Channel::WorkerEnd end) {
    const pid_t helper = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return report(HelperReport::Kind::start_failed, id, 0, errno);
    if (pid != 0) {
      workers_.emplace(id, pid);
      return true;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != helper) std::_Exit(EXIT_SUCCESS);  // it died before it would have taken us along
    control_.reset();
    children_.reset();
    host_.reset();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    run_worker(setup_, id, std::move(end), *bell_);
  }

  void reap() {
    signalfd_siginfo ignored{};
    while (::read(children_.get(), &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      for (auto it = workers_.begin(); it != workers_.end(); ++it) {
        if (it->second != pid) continue;
        report(HelperReport::Kind::exited, it->first, pid, status);
        workers_.erase(it);
        break;
      }
    }
  }

  /// Blocks while the pool is slow to read. False when it is gone.
  bool report(HelperReport::Kind kind, std::uint64_t worker, pid_t pid, int status) {
    const HelperReport message{kind, pid, worker, status, 0};
    return send_message(control_.get(), bytes_of(message), {}, 0);
  }

  const WorkerSetup& setup_;
  const Shared<Bell> bell_;  // the pool's; workers inherit it
  UniqueFd control_;
  UniqueFd host_;      // a pidfd: readable when the host is gone; empty where the kernel refuses
  UniqueFd children_;  // readable when SIGCHLD is pending
  std::unordered_map<std::uint64_t, pid_t> workers_;
};

/// Descriptors 0 to 2 that the host had closed: what is opened next must not get their numbers, or what a task prints
/// would end up there.
void fill_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", O_RDWR);
  }
}

[[noreturn]] void refuse(int control) {
  std::fputs(fmt::format("{}: {}{} is how the program starts its own worker processes, not an option\n", program_name(),
                         kHelperMark, control)
                 .c_str(),
             stderr);
  std::_Exit(2);
}

}  // namespace

void run_helper(int control) {
  set_process_role(ProcessRole::helper);
  fill_standard_descriptors();
  WorkerSetup setup;
  UniqueFd bell;
  if (receive_message(control, std::as_writable_bytes(std::span(&setup, 1)), std::span(&bell, 1), 0) != sizeof setup ||
      setup.magic != WorkerSetup::kMagic || !bell) {
    refuse(control);
  }
  ::fcntl(control, F_SETFD, FD_CLOEXEC);
  std::signal(SIGINT, SIG_IGN);   // Ctrl-C is for the host, which then ends its pools
  std::signal(SIGPIPE, SIG_IGN);  // what a write says is enough
  ::prctl(PR_SET_NAME, fmt::format("{:.8}_helper", setup.name.data()).c_str());
  Helper helper(UniqueFd(control), setup, bell.get());
  bell.reset();
  helper.run();
  std::fflush(nullptr);
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace overlap::detail
