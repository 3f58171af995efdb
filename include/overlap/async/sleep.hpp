#pragma once

#include <overlap/async/task.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

/// Suspends the task for at least this long, by the monotonic clock; zero or less lets the loop go round once.
Task<void> sleep_for(AnyDuration duration);

}  // namespace overlap
