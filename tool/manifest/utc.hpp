#pragma once

#include <chrono>
#include <string>

namespace overlap::manifest {

/// "2026-11-27T12:00:01.250Z": sorts as it reads, and SQLite's date functions know it.
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace overlap::manifest
