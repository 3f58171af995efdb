#pragma once

#include <cstddef>
#include <overlap/core/time.hpp>

namespace overlap {
class Executor;
}

namespace overlap::compare {

struct ReadyWorkers {
  std::size_t workers = 0;  ///< that have run something
  Duration took{};          ///< from `begin` until the last of them began to
};

/// Makes an executor start `wanted` workers, which it does on demand only, and waits until all are there: gives them
/// work that holds each for a moment. After a few tries it does with fewer, so look at the result. Without `wanted` it
/// submits nothing.
ReadyWorkers wait_for_workers(Executor& executor, std::size_t wanted, TimePoint begin);

}  // namespace overlap::compare
