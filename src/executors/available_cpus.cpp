#include <sched.h>

#include <algorithm>
#include <thread>

#include <overlap/executors/available_cpus.hpp>

#include "executors/cgroup.hpp"

namespace overlap {
namespace {

std::size_t affinity_cpus() noexcept {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

}  // namespace

std::size_t available_cpus() noexcept {
  std::size_t count = affinity_cpus();
  try {
    const std::size_t quota = detail::cgroup_cpus("/proc/self/cgroup", "/sys/fs/cgroup");
    if (quota != 0) count = std::min(count, quota);
  } catch (...) {  // no memory to read it with: the affinity stands
  }
  return std::max<std::size_t>(count, 1);
}

}  // namespace overlap
