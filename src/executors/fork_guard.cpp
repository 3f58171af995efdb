#include "executors/fork_guard.hpp"

#include <pthread.h>

#include <atomic>

namespace overlap::detail {
namespace {

constinit std::atomic<std::uint32_t> forks_so_far{0};
[[maybe_unused]] const int registered =
    pthread_atfork(nullptr, nullptr, [] { forks_so_far.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint32_t ForkGuard::forks() noexcept { return forks_so_far.load(std::memory_order_relaxed); }

}  // namespace overlap::detail
