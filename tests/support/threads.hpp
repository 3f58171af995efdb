#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace overlap::test {

inline std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace overlap::test
