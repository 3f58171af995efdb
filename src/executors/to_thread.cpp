#include <overlap/executors/to_thread.hpp>

#include <algorithm>

#include <overlap/executors/available_cpus.hpp>

namespace overlap::detail {

ThreadPoolExecutor& blocking_pool() {
  // Never destroyed: tasks may ask for it while statics are. It is shut down at exit as every pool is.
  static auto* const pool =
      new ThreadPoolExecutor({.max_workers = std::min<std::size_t>(32, available_cpus() + 4), .name = "to_thread"});
  return *pool;
}

}  // namespace overlap::detail
