#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include <overlap/core/time.hpp>

namespace overlap::http {

/// When a failed request is tried again. Pure: it knows neither clock nor socket.
///
/// The wait before try n+1 is drawn evenly from 0 to base_delay * 2^(n-1), at most max_delay: exponential back-off with
/// full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A server's Retry-After, if
/// longer, is waited instead, up to max_server_delay.
struct RetryPolicy {
  int max_retries = 5;
  Duration base_delay = std::chrono::seconds(1);
  Duration max_delay = std::chrono::seconds(60);
  Duration max_server_delay = std::chrono::seconds(300);
  std::vector<int> statuses = {408, 429, 500, 502, 503, 504};  ///< the HTTP statuses that are worth a retry

  bool retries_status(int status) const noexcept;

  /// How long to wait before the next try; nothing when `tries_made` tries were all.
  std::optional<Duration> next_delay(int tries_made, std::optional<Duration> server_delay,
                                     std::mt19937_64& random) const;
};

/// A Retry-After header (RFC 9110, 10.2.3): seconds, or an HTTP date, as a delay from `now`. Nothing when it is
/// neither; a date that is past is no delay.
std::optional<Duration> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

}  // namespace overlap::http
