// Durations and sizes as people write them on a command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace overlap::cli {

/// Reads "50ms", "1.5s", "1h30m" or a plain number of seconds. Units: ns, us, ms, s, m, h, d.
///
/// Nothing is guessed: a sign, a space, an exponent, a unit repeated or out of order and what does not fit 64 bits
/// of nanoseconds are errors, with a message that quotes the text. Digits below a nanosecond are dropped.
std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);

/// Reads "10M", "1.5GiB", "512B" or a plain number of bytes. Units, in either case: B, K, M, G, T, P, E, each but B
/// with or without "iB"; all are powers of 1024. "MB" is refused, since half its readers take it for a power of ten.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

/// Reads "100/s", "10/m", "0.5/s" or a plain number a second, as the time between two: at least 1 ns. Units: s, m, h,
/// d.
std::expected<std::chrono::nanoseconds, std::string> parse_rate(std::string_view text);

/// Three significant digits for a person, which parse_duration() reads: "50ms", "2.57s", "1m30s", "2h5m".
std::string format_duration(std::chrono::nanoseconds duration);

/// Three significant digits for a person, which parse_size() reads: "512B", "1.5K", "10M".
std::string format_size(std::uint64_t bytes);

}  // namespace overlap::cli
