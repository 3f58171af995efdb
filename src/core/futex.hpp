#pragma once
/// Parking on a 32-bit word: futex(2).

#include <atomic>
#include <cstdint>
#include <optional>

#include <overlap/core/time.hpp>

namespace overlap::detail {

/// Sleeps while the word still holds `expected`, until woken or past the deadline. May wake for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::optional<TimePoint> deadline) noexcept;

/// Wakes every thread that sleeps on the word. The word's memory may be gone already: the address is only a key.
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

/// The same two for a word in memory that processes share; the second wakes one sleeper.
void shared_futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       std::optional<TimePoint> deadline) noexcept;
void shared_futex_wake(const std::atomic<std::uint32_t>& word) noexcept;

/// Whether this process may use a second CPU: where it may not, to spin is to keep the other thread from running.
bool has_other_cpus() noexcept;

}  // namespace overlap::detail
