#pragma once
/// Where errors go that nobody is there to receive.

#include <exception>
#include <functional>
#include <string_view>

namespace overlap {

/// Called with where it happened ("done callback", "initializer", ...) and the exception.
using UnhandledHook = std::function<void(std::string_view where, std::exception_ptr error)>;

/// Replaces the hook for what callbacks and abandoned tasks throw; an empty function restores the default, which
/// writes one line to standard error. Thread-safe. The hook may be called from any thread and must not throw:
/// what it throws is dropped.
void set_unhandled_hook(UnhandledHook hook);

namespace detail {
/// Hands an error to the hook. Never throws.
void report_unhandled(std::string_view where, std::exception_ptr error) noexcept;
/// "message" of a std::exception, otherwise "unknown exception".
std::string describe(std::exception_ptr error);
}  // namespace detail
}  // namespace overlap
