#include "executors/process/wait_status.hpp"

#include <sys/wait.h>

#include <cstring>

#include <fmt/format.h>

namespace overlap::detail {

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* const name = ::sigabbrev_np(number);
  if (name == nullptr) return fmt::format("was killed by signal {}", number);  // a real-time signal
  return fmt::format("was killed by signal {} (SIG{})", number, name);
}

}  // namespace overlap::detail
