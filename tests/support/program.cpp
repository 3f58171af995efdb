#include "support/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace overlap::testing_support {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {ends[0], ends[1]};
}

// A file rather than a pipe: input of any size needs nobody to write it while the output is read.
int input_file(const std::string& text) {
  char name[] = "/tmp/overlap-test-input-XXXXXX";
  const int descriptor = mkostemp(name, O_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "mkostemp");
  unlink(name);
  if (write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("short write of a program's input");
  }
  lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void read_into(int& descriptor, std::string& text) {
  char block[16384];
  const ssize_t got = read(descriptor, block, sizeof block);
  if (got > 0) {
    text.append(block, static_cast<std::size_t>(got));
  } else if (got == 0 || errno != EINTR) {
    close(descriptor);
    descriptor = -1;
  }
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, ProgramInput input) {
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  const int in = input_file(input.text);
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  environment.insert(environment.end(), input.environment.begin(), input.environment.end());
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);

  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {  // only what is async-signal-safe from here on
    dup2(in, STDIN_FILENO);
    dup2(out.write_end, STDOUT_FILENO);
    dup2(err.write_end, STDERR_FILENO);
    if (!input.directory.empty() && chdir(input.directory.c_str()) != 0) _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(in);
  close(out.write_end);
  close(err.write_end);
  out_ = out.read_end;
  err_ = err.read_end;
}

Program::~Program() {
  if (!waited_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
  if (err_ >= 0) close(err_);
}

void Program::signal(int number) const { kill(pid_, number); }

// False once both outputs have ended.
bool Program::read_some(int timeout_ms) {
  if (out_ < 0 && err_ < 0) return false;
  pollfd watched[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};  // a negative descriptor is passed over
  if (poll(watched, 2, timeout_ms) < 0) return true;
  if (watched[0].revents != 0) read_into(out_, result_.out);
  if (watched[1].revents != 0) read_into(err_, result_.err);
  return true;
}

bool Program::wait_for(const std::string& seen, const std::string& text) {
  while (seen.find(text) == std::string::npos) {
    if (!read_some(-1)) return false;
  }
  return true;
}

bool Program::wait_for_output(const std::string& text) { return wait_for(result_.out, text); }
bool Program::wait_for_error(const std::string& text) { return wait_for(result_.err, text); }

ProgramResult Program::wait() {
  while (read_some(-1)) {
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  waited_ = true;
  result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result_;
}

ProgramResult run_program(const std::vector<std::string>& arguments, ProgramInput input) {
  Program program(arguments, std::move(input));
  return program.wait();
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "overlap-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name), std::ios::binary) << text;
}

std::string TemporaryDirectory::read(const std::string& name) const {
  std::ifstream stream(file(name), std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

bool TemporaryDirectory::has(const std::string& name) const { return std::filesystem::exists(file(name)); }

std::vector<std::string> TemporaryDirectory::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
    const std::string name = std::filesystem::relative(entry.path(), path_).string();
    if (entry.is_regular_file() && !name.starts_with(".overlap")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace overlap::testing_support
