// The workloads, one a file.
#pragma once

#include "compare/workload.hpp"

namespace overlap::compare {

Workload pages_workload();   ///< 160 pages of two sites
Workload images_workload();  ///< 15 photographs, saved
Workload api_workload();     ///< 1000 calls that answer with JSON
Workload cpu_workload();     ///< 20 sums of squares
Workload sleep_workload();   ///< nothing but waits, and the orders in which they end
Workload race_workload();    ///< a counter that many tasks add to
Workload list_workload();    ///< the URLs of a file

}  // namespace overlap::compare
