#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include <overlap/executors/available_cpus.hpp>

namespace overlap {
namespace {

std::size_t affinity_cpus() noexcept {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

// The path of this process's group below the version 2 hierarchy: the line "0::/path" of /proc/self/cgroup.
std::string cgroup_path() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

// "MAX PERIOD" in microseconds, or "max PERIOD" for no limit (kernel documentation, cgroup-v2, cpu.max).
std::size_t quota_of(const std::string& directory) {
  std::ifstream file("/sys/fs/cgroup" + directory + "/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<std::size_t>(std::ceil(quota / period));
}

// The tightest limit on the way from this group to the root; 0 for none.
std::size_t cgroup_cpus() {
  std::size_t least = 0;
  for (std::string path = cgroup_path(); !path.empty(); path.resize(path.rfind('/'))) {
    const std::size_t limit = quota_of(path == "/" ? "" : path);
    if (limit != 0) least = least == 0 ? limit : std::min(least, limit);
  }
  return least;
}

}  // namespace

std::size_t available_cpus() noexcept {
  std::size_t count = affinity_cpus();
  try {
    if (const std::size_t quota = cgroup_cpus(); quota != 0) count = std::min(count, quota);
  } catch (...) {  // no memory to read it with: the affinity stands
  }
  return std::max<std::size_t>(count, 1);
}

}  // namespace overlap
