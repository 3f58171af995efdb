#pragma once
/// What this process is to process pools.

#include <string>

namespace overlap::detail {

enum class ProcessRole {
  unguarded,  ///< no main_guard is alive: the program cannot be started again as a helper
  host,       ///< a program with a main_guard: may make process pools
  helper,     ///< forks the workers of one pool, and reports their deaths
  worker,     ///< runs the tasks of a pool
};

ProcessRole process_role() noexcept;
void set_process_role(ProcessRole role) noexcept;

/// argv[0] as main_guard saw it.
std::string program_name();

}  // namespace overlap::detail
