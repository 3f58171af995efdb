#include "get/flag_values.hpp"

#include "cli/units.hpp"

namespace overlap::get {

Duration duration_of(std::string_view flag, const std::string& text) {
  const auto parsed = cli::parse_duration(text);
  if (!parsed) throw BadFlag{fmt::format("{}: {}", flag, parsed.error())};
  return *parsed;
}

std::uint64_t size_of(std::string_view flag, const std::string& text) {
  const auto parsed = cli::parse_size(text);
  if (!parsed) throw BadFlag{fmt::format("{}: {}", flag, parsed.error())};
  return *parsed;
}

std::size_t count_of(std::string_view flag, std::int64_t value, std::int64_t most) {
  if (value < 1 || value > most) throw BadFlag{fmt::format("{}: must be between 1 and {}, not {}", flag, most, value)};
  return static_cast<std::size_t>(value);
}

}  // namespace overlap::get
