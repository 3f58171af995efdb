#pragma once
/// Sanitizers slow a program down by ten times and more: what counts repetitions does fewer of them there.

namespace overlap::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

/// `count`, or a tenth of it under a sanitizer.
constexpr int repetitions(int count) { return kSanitized ? count / 10 : count; }

/// Turns the search for leaks off in this process. For a forked child: it cannot free what only the stacks of the
/// threads refer to that it has not.
inline bool leaks_are_expected = false;
inline void expect_leaks() { leaks_are_expected = true; }

}  // namespace overlap::test
