#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace overlap::fuzz {

/// What must hold for every input; a fuzzer takes the abort for its find.
inline void check(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace overlap::fuzz
