#include "executors/process/helper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include <overlap/core/errors.hpp>

#include "executors/process/process_role.hpp"
#include "executors/process/wait_status.hpp"

extern char** environ;

namespace overlap::detail {
namespace {

[[noreturn]] void throw_no_helper(const char* step, int error) {
  throw BrokenExecutor(
      fmt::format("the helper of a process pool cannot be started: {}: {}", step, std::strerror(error)));
}

void check(const char* step, int error) {
  if (error != 0) throw_no_helper(step, error);
}

/// What of this process the helper does not inherit: descriptors but for standard output and error, blocked and ignored
/// signals. SIGHUP alone stays ignored if it is, so that nohup holds for workers too.
class SpawnSetup {
 public:
  explicit SpawnSetup(int control) {
    check("posix_spawn_file_actions_init", ::posix_spawn_file_actions_init(&files_));
    check("posix_spawnattr_init", ::posix_spawnattr_init(&attributes_));
    check("dup2", ::posix_spawn_file_actions_adddup2(&files_, control, kHelperControl));
    check("open", ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    check("closefrom", ::posix_spawn_file_actions_addclosefrom_np(&files_, kHelperControl + 1));
    sigset_t none;
    sigset_t all_but_hangup;
    sigemptyset(&none);
    sigfillset(&all_but_hangup);
    sigdelset(&all_but_hangup, SIGHUP);
    check("setsigmask", ::posix_spawnattr_setsigmask(&attributes_, &none));
    check("setsigdefault", ::posix_spawnattr_setsigdefault(&attributes_, &all_but_hangup));
    check("setflags", ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  pid_t spawn() const {
    std::string name = program_name();
    std::string mark = fmt::format("{}{}", kHelperMark, kHelperControl);
    std::array<char*, 3> arguments = {name.data(), mark.data(), nullptr};
    pid_t pid = -1;
    check("/proc/self/exe", ::posix_spawn(&pid, "/proc/self/exe", &files_, &attributes_, arguments.data(), environ));
    return pid;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

HelperProcess::HelperProcess(const WorkerSetup& setup, int bell) {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    throw_no_helper("socketpair", errno);
  }
  control_ = take_fd(sockets[0]);
  const UniqueFd theirs = take_fd(sockets[1]);
  if (!control_ || !theirs) throw_no_helper("fcntl", errno);
  if (!send_message(control_.get(), bytes_of(setup), std::span(&bell, 1), MSG_DONTWAIT))
    throw_no_helper("sendmsg", errno);
  const pid_t pid = SpawnSetup(theirs.get()).spawn();
  process_ = open_pidfd(pid);
  if (!process_) {
    const int error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    throw_no_helper("pidfd_open", error);
  }
}

HelperProcess::~HelperProcess() {
  if (!process_) return;
  end();
  wait();
}

int HelperProcess::start_worker(std::uint64_t worker, const Channel::WorkerEnd& end) noexcept {
  const std::array<int, 2> fds = {end.socket.get(), end.memory.get()};
  return send({HelperRequest::Kind::start, 0, worker}, fds);
}

int HelperProcess::kill_worker(std::uint64_t worker, int signal) noexcept {
  return send({HelperRequest::Kind::kill, signal, worker}, {});
}

int HelperProcess::send(const HelperRequest& request, std::span<const int> fds) noexcept {
  if (send_message(fd(), bytes_of(request), fds, MSG_DONTWAIT)) return 0;
  return errno == EPIPE || errno == ECONNRESET ? 0 : errno;
}

void HelperProcess::end() noexcept {
  // Not close(): a child that the program forked may hold a copy of the descriptor.
  ::shutdown(fd(), SHUT_WR);
}

std::optional<HelperReport> HelperProcess::receive() {
  HelperReport report{};
  const ssize_t size = receive_message(fd(), std::as_writable_bytes(std::span(&report, 1)), {}, MSG_DONTWAIT);
  if (size == sizeof report) return report;
  if (size >= 0 || errno != EAGAIN) ended_ = true;
  return std::nullopt;
}

std::string HelperProcess::wait() {
  pollfd ended{process_.get(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  siginfo_t info{};
  const int reaped = ::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED);
  process_.reset();
  if (reaped != 0) return "ended";  // the program waits for any child, and got this one
  return describe_wait_status(info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status);
}

}  // namespace overlap::detail
