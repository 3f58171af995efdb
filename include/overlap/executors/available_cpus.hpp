#pragma once

#include <cstddef>

namespace overlap {

/// How many CPUs this process may use: its affinity mask, and the quota of its control group, rounded up. At least 1.
std::size_t available_cpus() noexcept;

}  // namespace overlap
