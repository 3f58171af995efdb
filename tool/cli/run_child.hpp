// Child processes: started, fed, listened to, and never left behind.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <overlap/core/time.hpp>
#include <string>
#include <utility>
#include <vector>

#include "get/file_descriptor.hpp"

namespace overlap::cli {

struct ChildOptions {
  std::vector<std::string> arguments = {};  ///< those after the program's own name
  std::string program = "/proc/self/exe";   ///< this very program, even if its file was replaced meanwhile
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< set besides what this process has
  bool pipe_error = false;  ///< its standard error is read here; otherwise it goes where this process's goes
};

/// How a child ended and what it used.
struct ChildEnd {
  int status = 0;                 ///< as wait(2) gives it
  Duration cpu{};                 ///< of it and of those of its descendants that were waited for
  std::uint64_t peak_memory = 0;  ///< bytes resident, of the largest of these processes

  bool is_success() const { return status == 0; }
  /// "exited with code 3", "was killed by signal 11 (Segmentation fault)"
  std::string describe() const;
};

/// One child process. Its standard input and output are read and written here, through descriptors that don't block.
///
/// Nothing outlives this process, even one that is killed: the kernel kills the child when the thread that started it
/// ends. The destructor kills it too, and waits. Used by one thread.
class Child {
 public:
  static std::expected<Child, std::string> start(const ChildOptions& options);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child() { kill_and_wait(); }

  pid_t pid() const { return pid_; }
  int input() const { return input_.get(); }  ///< a socket: send() with MSG_NOSIGNAL, since it may be gone
  int output() const { return output_.get(); }
  int error() const { return error_.get(); }      ///< -1 unless it is piped
  int process() const { return process_.get(); }  ///< a pidfd: readable once the child has ended
  void close_input() { input_ = {}; }

  bool has_ended() const;

  /// Waits for the end. Once only.
  ChildEnd wait();

  /// Asks it to end (SIGTERM), kills it after `grace`, waits.
  ChildEnd terminate(Duration grace);

 private:
  Child() = default;
  void kill_and_wait() noexcept;

  pid_t pid_ = -1;  // -1: none, or waited for
  get::FileDescriptor input_, output_, error_, process_;
};

/// What a child said and how it ended.
struct ChildRun {
  enum class How {
    ended,        ///< by itself, or by somebody else's signal
    interrupted,  ///< killed, since `interrupt` became readable
    too_much,     ///< killed, since it wrote more than `max_output`
  };
  How how = How::ended;
  ChildEnd end;
  std::string output;
  std::string error;  ///< the last 4 KiB of its standard error
};

struct RunChildOptions {
  std::string input = {};  ///< for its standard input
  int interrupt = -1;      ///< a descriptor that becomes readable when all shall stop
  std::size_t max_output = std::size_t{64} << 20;
};

/// Starts a child, gives it `input`, and gathers what it writes until it ends. Blocks. An error is a child that could
/// not be started.
std::expected<ChildRun, std::string> run_child(ChildOptions child, const RunChildOptions& options);

/// The first line that the child writes, without its end: a server says that way where it listens. It is an error if
/// the child ends or `timeout` runs out before, or if `interrupt` becomes readable.
std::expected<std::string, std::string> read_first_line(Child& child, Duration timeout, int interrupt = -1);

}  // namespace overlap::cli
