#pragma once

#include "executors/process/channel.hpp"
#include "executors/process/helper_protocol.hpp"

namespace overlap::detail {

/// The life of a worker process, just forked from the helper: runs the initializer, then tasks until its pool is gone,
/// tells it to end, or the worker retires. `pool` is the bell of the pool.
[[noreturn]] void run_worker(const WorkerSetup& setup, std::uint64_t id, Channel::WorkerEnd end, Bell& pool);

}  // namespace overlap::detail
