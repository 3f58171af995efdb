#pragma once

#include <cstddef>
#include <string>

namespace overlap::detail {

/// How many CPUs the control groups of a process leave it, rounded up; 0: they set no limit. The tightest limit counts,
/// of the group and of those that it is in. Understands versions 1 and 2 of the hierarchy.
///
/// `groups`: a file such as /proc/self/cgroup. `mount`: where the hierarchies are, as /sys/fs/cgroup.
std::size_t cgroup_cpus(const std::string& groups, const std::string& mount);

}  // namespace overlap::detail
