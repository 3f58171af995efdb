// Any text as a Retry-After header: a delay that is not negative and that can be added to any time, or none.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <overlap/http/retry_policy.hpp>

#include "check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using overlap::fuzz::check;
  using namespace std::chrono_literals;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::chrono::system_clock::time_point now(std::chrono::seconds(1'764'259'200));
  const auto delay = overlap::http::parse_retry_after(text, now);
  if (delay) check(*delay >= 0s);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_number = !text.empty() && text.size() < 10 && std::ranges::all_of(text, is_digit);
  if (!is_number) return 0;
  std::int64_t seconds = 0;
  for (const char c : text) seconds = seconds * 10 + (c - '0');
  check(delay == overlap::Duration(std::chrono::seconds(seconds)));
  return 0;
}
