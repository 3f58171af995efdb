#include "support/terminal.hpp"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace overlap::testing_support {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_of(const TerminalOptions& options) {
  std::vector<std::string> environment = options.environment;
  const char* const path = std::getenv("PATH");
  environment.push_back(std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin"));
  const auto is_term = [](const std::string& variable) { return variable.starts_with("TERM="); };
  if (std::ranges::none_of(environment, is_term)) environment.emplace_back("TERM=xterm");
  return environment;
}

}  // namespace

TerminalResult run_on_terminal(const std::vector<std::string>& arguments, const TerminalOptions& options) {
  const std::vector<std::string> environment = environment_of(options);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  const winsize size{.ws_row = 50, .ws_col = options.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::runtime_error("no terminal");
  if (child == 0) {
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  TerminalResult result;
  char block[4096];
  for (;;) {
    const ssize_t count = read(terminal, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // EIO: nobody has the other side open any more
    result.raw.append(block, static_cast<std::size_t>(count));
  }
  close(terminal);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

Screen::Screen(const std::string& raw, std::size_t columns) : columns_(columns) {
  for (std::size_t at = 0; at < raw.size();) {
    const auto byte = static_cast<unsigned char>(raw[at]);
    if (byte == '\x1b') {
      at = escape(raw, at);
    } else if (byte == '\r') {
      column_ = 0;
      ++at;
    } else if (byte == '\n') {
      cells_.emplace_back();
      ++at;
    } else if (byte < ' ') {
      throw std::runtime_error("a control character: " + std::to_string(byte));
    } else {
      std::size_t end = at + 1;
      while (end < raw.size() && (static_cast<unsigned char>(raw[end]) & 0xC0U) == 0x80U) ++end;
      put(raw.substr(at, end - at));
      at = end;
    }
  }
  for (const auto& line : cells_) {
    std::string text;
    for (const std::string& cell : line) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    lines_.push_back(text);
  }
}

std::string Screen::text() const {
  std::string text;
  for (const std::string& line : lines_) text += line + '\n';
  return text;
}

std::size_t Screen::escape(const std::string& raw, std::size_t at) {
  const std::size_t end = raw.find_first_not_of("0123456789;", at + 2);
  if (end == std::string::npos || raw[at + 1] != '[') throw std::runtime_error("not understood: an escape sequence");
  if (raw[end] == 'K') {
    cells_.back().resize(std::min(cells_.back().size(), column_));
  } else if (raw[end] != 'm') {
    throw std::runtime_error(std::string("not understood: the escape sequence ") + raw[end]);
  }
  return end + 1;
}

void Screen::put(const std::string& character) {
  if (column_ == columns_) {
    has_wrapped_ = true;
    cells_.emplace_back();
    column_ = 0;
  }
  auto& line = cells_.back();
  if (line.size() <= column_) line.resize(column_ + 1, " ");
  line[column_++] = character;
}

}  // namespace overlap::testing_support
