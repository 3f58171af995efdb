#include <overlap/http/retry_policy.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace overlap::http {

bool RetryPolicy::retries_status(int status) const noexcept {
  return std::ranges::find(statuses, status) != statuses.end();
}

std::optional<Duration> RetryPolicy::next_delay(int tries_made, std::optional<Duration> server_delay,
                                                std::mt19937_64& random) const {
  if (tries_made > max_retries) return std::nullopt;
  Duration most = std::min(base_delay, max_delay);
  for (int i = 1; i < tries_made && most < max_delay; ++i) most = most > max_delay / 2 ? max_delay : most * 2;
  std::uniform_int_distribution<Duration::rep> even(0, std::max<Duration::rep>(most.count(), 0));
  const Duration delay(even(random));
  if (!server_delay) return delay;
  return std::max(delay, std::min(*server_delay, max_server_delay));
}

std::optional<Duration> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;

  constexpr std::int64_t kMost = 100LL * 365 * 86'400;  // longer is absurd, and would not fit in nanoseconds
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (std::ranges::all_of(text, is_digit)) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc::result_out_of_range) seconds = kMost;
    return std::chrono::seconds(std::min(seconds, kMost));
  }
  // A date has letters; what begins otherwise ("-5", "1.5") is neither form.
  if (std::ranges::none_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }))
    return std::nullopt;
  const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  const std::int64_t seconds = std::int64_t{date} - std::chrono::system_clock::to_time_t(now);
  if (seconds < 0) return Duration::zero();
  if (seconds > kMost) return std::chrono::seconds(kMost);
  const auto wait = std::chrono::system_clock::from_time_t(date) - now;
  return std::max(std::chrono::duration_cast<Duration>(wait), Duration::zero());
}

}  // namespace overlap::http
