#pragma once

#include <string>

namespace overlap::detail {

/// How a process ended, from a status as waitpid(2) gives it: "was killed by signal 9 (SIGKILL)", "exited with code 3".
std::string describe_wait_status(int status);

}  // namespace overlap::detail
