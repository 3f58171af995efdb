#include "cli/run_child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "cli/escape.hpp"

namespace overlap::cli {
namespace {

using get::FileDescriptor;

constexpr std::size_t kErrorTail = 4096;

/// Everything that the child needs between fork() and exec, made beforehand: until then only async-signal-safe calls
/// are allowed, since other threads may have held any lock at the fork.
class Launch {
 public:
  explicit Launch(const ChildOptions& options) : program_(options.program) {
    words_.push_back("overlap");
    words_.insert(words_.end(), options.arguments.begin(), options.arguments.end());
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!is_overridden(*variable, options)) variables_.emplace_back(*variable);
    }
    for (const auto& [name, value] : options.environment) variables_.push_back(name + "=" + value);
    argv_ = pointers_to(words_);
    envp_ = pointers_to(variables_);
  }

  /// In the child: becomes the program, or writes errno to `failure`.
  [[noreturn]] void become_program(std::array<int, 3> streams, int failure, pid_t parent, const sigset_t& mask) const {
    // The streams are numbered above 2 (see above_standard()), so none is overwritten before its turn.
    for (int i = 0; i < 3; ++i) {
      const int stream = streams.at(static_cast<std::size_t>(i));
      if (stream >= 0) dup2(stream, i);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // it ended before the line above could have told us
    // This process's handlers must not run here, between the mask's return and exec.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) reset_handler(number);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    execve(program_.c_str(), argv_.data(), envp_.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = write(failure, &error, sizeof error);
    _exit(127);
  }

 private:
  static bool is_overridden(std::string_view variable, const ChildOptions& options) {
    const std::string_view name = variable.substr(0, variable.find('='));
    return std::ranges::any_of(options.environment, [name](const auto& pair) { return pair.first == name; });
  }

  static std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  static void reset_handler(int number) {
    struct sigaction action{};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(number, &action, nullptr);
  }

  std::string program_;
  std::vector<std::string> words_;
  std::vector<std::string> variables_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

struct Ends {
  FileDescriptor ours;
  FileDescriptor theirs;
};

FileDescriptor above_standard(int descriptor) {
  FileDescriptor owned(descriptor);
  if (descriptor < 0 || descriptor > STDERR_FILENO) return owned;
  return FileDescriptor(fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));  // one of 0 to 2 was closed
}

/// A pipe from the child, or (a socket, so that a write to a dead child is no SIGPIPE) to it.
std::expected<Ends, std::string> make_stream(bool from_child) {
  std::array<int, 2> pair{};
  const int made =
      from_child ? pipe2(pair.data(), O_CLOEXEC) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data());
  if (made != 0) return std::unexpected(fmt::format("no pipe to a child process: {}", std::strerror(errno)));
  Ends ends{above_standard(pair[0]), above_standard(pair[1])};
  fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

/// Blocks all signals, so that none reaches a handler of this process within the child.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

// By number: the header that declares pidfd_open() in glibc 2.36 forgets that it is C.
FileDescriptor open_pidfd(pid_t pid) { return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

/// The errno that kept the child from becoming the program; 0 when exec has closed the other end.
int wait_for_exec(int failure) {
  fcntl(failure, F_SETFL, 0);
  int reason = 0;
  ssize_t count = 0;
  do {
    count = read(failure, &reason, sizeof reason);
  } while (count < 0 && errno == EINTR);
  return count > 0 ? reason : 0;
}

/// Appends what can be read right now; false once nothing more will come.
bool read_available(int descriptor, std::string& text) {
  std::array<char, 16384> block;
  for (;;) {
    const ssize_t count = read(descriptor, block.data(), block.size());
    if (count > 0) {
      text.append(block.data(), static_cast<std::size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    return count < 0 && errno == EAGAIN;
  }
}

void keep_tail(std::string& text) {
  if (text.size() > kErrorTail) text.erase(0, text.size() - kErrorTail);
}

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

int milliseconds_until(TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

/// Feeds and hears one child to its end.
class Conversation {
 public:
  Conversation(Child& child, const RunChildOptions& options) : child_(child), options_(options), input_(options.input) {
    if (input_.empty()) child_.close_input();
  }

  ChildRun hold() {
    while (step()) {
    }
    return std::move(run_);
  }

 private:
  enum Watched : std::size_t { input, output, error, process, interrupt };

  bool step() {
    std::array<pollfd, 5> watched{};
    watched[input] = {child_.input(), POLLOUT, 0};
    watched[output] = {output_open_ ? child_.output() : -1, POLLIN, 0};
    watched[error] = {error_open_ ? child_.error() : -1, POLLIN, 0};
    watched[process] = {child_.process(), POLLIN, 0};
    watched[interrupt] = {options_.interrupt, POLLIN, 0};
    if (poll(watched.data(), watched.size(), -1) < 0) return true;  // a signal

    if (watched[interrupt].revents != 0) return stop(ChildRun::How::interrupted);
    if (watched[input].revents != 0) feed();
    // Asked before the last read, so that the read finds all that the child has written.
    const bool ended = watched[process].revents != 0;
    if (ended || watched[output].revents != 0) output_open_ = read_available(child_.output(), run_.output);
    if (child_.error() >= 0 && (ended || watched[error].revents != 0)) hear_error();
    if (run_.output.size() > options_.max_output) return stop(ChildRun::How::too_much);
    if (ended) run_.end = child_.wait();
    return !ended;
  }

  void feed() {
    const ssize_t count = send(child_.input(), input_.data(), input_.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    input_.remove_prefix(count < 0 ? input_.size() : static_cast<std::size_t>(count));  // it no longer listens
    if (input_.empty()) child_.close_input();
  }

  void hear_error() {
    error_open_ = read_available(child_.error(), run_.error);
    keep_tail(run_.error);
  }

  bool stop(ChildRun::How how) {
    run_.how = how;
    run_.end = child_.terminate(Duration::zero());
    return false;
  }

  Child& child_;
  const RunChildOptions& options_;
  std::string_view input_;
  bool output_open_ = true;
  bool error_open_ = true;
  ChildRun run_;
};

}  // namespace

std::string ChildEnd::describe() const {
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  return fmt::format("was killed by signal {} ({})", number, strsignal(number));
}

std::expected<Child, std::string> Child::start(const ChildOptions& options) {
  auto input = make_stream(false);
  if (!input) return std::unexpected(input.error());
  auto output = make_stream(true);
  if (!output) return std::unexpected(output.error());
  std::expected<Ends, std::string> error;
  if (options.pipe_error) error = make_stream(true);
  if (!error) return std::unexpected(error.error());
  auto failure = make_stream(true);
  if (!failure) return std::unexpected(failure.error());

  const Launch launch(options);
  const pid_t parent = getpid();
  Child child;
  {
    const AllSignalsBlocked blocked;
    child.pid_ = fork();
    if (child.pid_ == 0) {
      launch.become_program({input->theirs.get(), output->theirs.get(), error->theirs.get()}, failure->theirs.get(),
                            parent, blocked.before());
    }
  }
  if (child.pid_ < 0) return std::unexpected(fmt::format("no child process: {}", std::strerror(errno)));
  failure->theirs = {};
  if (const int reason = wait_for_exec(failure->ours.get())) {
    return std::unexpected(
        fmt::format("cannot run {}: {}", escape_for_terminal(options.program), std::strerror(reason)));
  }
  child.process_ = open_pidfd(child.pid_);
  if (!child.process_.is_open()) return std::unexpected(fmt::format("pidfd_open: {}", std::strerror(errno)));
  child.input_ = std::move(input->ours);
  child.output_ = std::move(output->ours);
  child.error_ = std::move(error->ours);
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      error_(std::move(other.error_)),
      process_(std::move(other.process_)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill_and_wait();
  pid_ = std::exchange(other.pid_, -1);
  input_ = std::move(other.input_);
  output_ = std::move(other.output_);
  error_ = std::move(other.error_);
  process_ = std::move(other.process_);
  return *this;
}

void Child::kill_and_wait() noexcept {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);  // not reaped yet, so the number is still its own
  wait();
}

bool Child::has_ended() const {
  if (pid_ < 0) return true;
  pollfd watched{process_.get(), POLLIN, 0};
  return poll(&watched, 1, 0) > 0;
}

ChildEnd Child::wait() {
  ChildEnd end;
  rusage usage{};
  while (wait4(pid_, &end.status, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  end.cpu = duration_of(usage.ru_utime) + duration_of(usage.ru_stime);
  end.peak_memory = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return end;
}

ChildEnd Child::terminate(Duration grace) {
  const TimePoint deadline = deadline_after(grace);
  kill(pid_, SIGTERM);
  pollfd watched{process_.get(), POLLIN, 0};
  while (poll(&watched, 1, milliseconds_until(deadline)) <= 0 && Clock::now() < deadline) {
  }
  if (!has_ended()) kill(pid_, SIGKILL);
  return wait();
}

std::expected<ChildRun, std::string> run_child(ChildOptions child_options, const RunChildOptions& options) {
  child_options.pipe_error = true;
  auto child = Child::start(child_options);
  if (!child) return std::unexpected(child.error());
  return Conversation(*child, options).hold();
}

std::expected<std::string, std::string> read_first_line(Child& child, Duration timeout, int interrupt) {
  const TimePoint deadline = deadline_after(timeout);
  std::string text;
  for (;;) {
    std::array<pollfd, 2> watched{pollfd{child.output(), POLLIN, 0}, pollfd{interrupt, POLLIN, 0}};
    const int ready = poll(watched.data(), watched.size(), milliseconds_until(deadline));
    if (ready > 0 && watched[1].revents != 0) return std::unexpected("interrupted");
    const bool more = read_available(child.output(), text);
    if (const auto end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
    if (!more) return std::unexpected("it ended without a word");
    if (Clock::now() >= deadline) return std::unexpected("it said nothing in time");
  }
}

}  // namespace overlap::cli
