#include "manifest/utc.hpp"

#include <fmt/format.h>

namespace overlap::manifest {

std::string utc_text(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(milliseconds);
  // Thousands of rows in a row are of the same second.
  thread_local std::chrono::sys_seconds last{std::chrono::seconds(-1)};
  thread_local std::string last_text;
  if (second != last || last_text.empty()) {
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    last_text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                            clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    last = second;
  }
  const auto fraction = static_cast<unsigned>((milliseconds - second).count());
  std::string text = last_text;
  for (const unsigned digit : {fraction / 100, fraction / 10 % 10, fraction % 10})
    text += static_cast<char>('0' + digit);
  return text += 'Z';
}

}  // namespace overlap::manifest
