#pragma once
/// What tests share that watch a whole program with a process pool from outside.

#include <sys/wait.h>

#include <string>

#include <overlap/core/errors.hpp>

#include "support/process_programs.hpp"

namespace overlap::test {

constexpr int kGood = 0;
constexpr int kBad = 1;

inline int exit_code_of(RunningProgram& program) {
  const int status = program.wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// What BrokenExecutor says.
template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
    return "no error";
  } catch (const BrokenExecutor& error) {
    return error.what();
  }
}

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace overlap::test
