#include "executors/cgroup.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string_view>

namespace overlap::detail {
namespace {

/// CPUs for so much time in each period; 0 for no limit.
std::size_t cpus_of(double quota, double period) {
  return quota > 0 && period > 0 ? static_cast<std::size_t>(std::ceil(quota / period)) : 0;
}

double number_in(const std::string& file) {
  double number = 0;
  std::ifstream(file) >> number;
  return number;
}

// Version 2: "MAX PERIOD" in microseconds, or "max PERIOD" for no limit (kernel documentation, cgroup-v2, cpu.max).
// Version 1: a file for each, the quota -1 for no limit (scheduler/sched-bwc).
std::size_t limit_in(const std::string& directory) {
  double quota = 0;
  double period = 0;
  if (std::ifstream(directory + "/cpu.max") >> quota >> period) return cpus_of(quota, period);
  return cpus_of(number_in(directory + "/cpu.cfs_quota_us"), number_in(directory + "/cpu.cfs_period_us"));
}

/// From a group up to the root, which has a limit too when it is the root of a container.
std::size_t tightest(const std::string& root, std::string path) {
  std::size_t least = 0;
  while (true) {
    while (path.ends_with('/')) path.pop_back();
    if (const std::size_t limit = limit_in(root + path); limit != 0)
      least = least == 0 ? limit : std::min(least, limit);
    if (path.empty()) return least;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool names_cpu(std::string_view controllers) {
  return ("," + std::string(controllers) + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

std::size_t cgroup_cpus(const std::string& groups, const std::string& mount) {
  std::size_t least = 0;
  std::ifstream file(groups);
  for (std::string line; std::getline(file, line);) {  // NUMBER:CONTROLLERS:PATH; version 2 is the one without any
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !names_cpu(controllers)) continue;
    const std::string root = controllers.empty() ? mount : mount + "/" + controllers;
    const std::size_t limit = tightest(root, line.substr(second + 1));
    if (limit != 0) least = least == 0 ? limit : std::min(least, limit);
  }
  return least;
}

}  // namespace overlap::detail
