// Running programs as their users do: arguments in, output and exit code out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace overlap::testing_support {

struct ProgramResult {
  int exit_code = -1;  ///< 128 + the signal's number for one that a signal ended
  std::string out;
  std::string err;
};

struct ProgramInput {
  std::string text;                      ///< its standard input
  std::vector<std::string> environment;  ///< added to this process's own: "NAME=value"
  std::string directory;                 ///< to start it in; empty: here
};

/// A program under way. Ends it (SIGKILL) and waits for it when destroyed before it was waited for.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, ProgramInput input = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Blocks until this text has appeared on standard output, or it has ended; true if it appeared.
  bool wait_for_output(const std::string& text);
  bool wait_for_error(const std::string& text);  ///< the same for standard error
  /// Blocks until it has ended; reads all its output.
  ProgramResult wait();

 private:
  bool read_some(int timeout_ms);
  bool wait_for(const std::string& seen, const std::string& text);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  ProgramResult result_;
  bool waited_ = false;
};

/// Runs it to its end.
ProgramResult run_program(const std::vector<std::string>& arguments, ProgramInput input = {});

/// A directory that is removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const;
  /// Every regular file below it but those of ".overlap", by relative path, sorted.
  std::vector<std::string> files() const;

 private:
  std::string path_;
};

}  // namespace overlap::testing_support
