#pragma once
/// Small programs for tests that need a whole process of their own: to kill it, to fork it, to start it with strange
/// descriptors or signals. They are functions of the test program, which is started again to run one of them.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

extern char** environ;

namespace overlap::test {

/// What the program returns is its exit code. It has argv[2] as its argument.
using Program = int (*)(const std::string& argument);

inline std::map<std::string, Program, std::less<>>& programs() {
  static std::map<std::string, Program, std::less<>> all;
  return all;
}

/// To initialise a static bool with.
inline bool add_program(const char* name, Program program) { return programs().emplace(name, program).second; }

inline constexpr std::string_view kProgramMark = "--test-program=";

/// Called by main(): runs the program that argv names, if it names one.
inline std::optional<int> run_program(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (!first.starts_with(kProgramMark)) return std::nullopt;
  const auto found = programs().find(first.substr(kProgramMark.size()));
  if (found == programs().end()) return 125;
  return found->second(argc > 2 ? argv[2] : "");
}

/// A running program: its standard input and output are pipes to the test. Killed if it is still there in the end.
class RunningProgram {
 public:
  /// It leads a process group of its own.
  explicit RunningProgram(std::string_view name, std::string argument = {}) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::string program = "test-program";
    std::string mark = std::string(kProgramMark).append(name);
    std::array<char*, 4> arguments = {program.data(), mark.data(), argument.data(), nullptr};
    const int error = ::posix_spawn(&pid_, "/proc/self/exe", &files, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (error != 0) throw std::runtime_error("posix_spawn");
  }
  ~RunningProgram() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::close(to_);
    ::close(from_);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }

  /// Up to the next newline, or the end of its output.
  std::string read_line() {
    std::string line;
    char c = 0;
    while (::read(from_, &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }
  void write_line(std::string line) {
    line.push_back('\n');
    if (::write(to_, line.data(), line.size()) < 0) throw std::runtime_error("write");
  }

  /// Its wait status.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
};

}  // namespace overlap::test
