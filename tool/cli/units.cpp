#include "cli/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace overlap::cli {
namespace {

// A product of two 64-bit numbers, so that every overflow can be seen rather than avoided by rounding.
__extension__ typedef unsigned __int128 Wide;

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array kDurationUnits{
    Unit{"ns", 1},           Unit{"us", 1'000},         Unit{"ms", 1'000'000},     Unit{"s", kSecond},
    Unit{"m", 60 * kSecond}, Unit{"h", 3600 * kSecond}, Unit{"d", 86400 * kSecond}};
constexpr std::string_view kSizeLetters = "BKMGTPE";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A decimal number as written: numerator / denominator, both whole.
struct Decimal {
  Wide numerator = 0;
  Wide denominator = 1;

  Wide times(std::uint64_t scale) const { return numerator * scale / denominator; }
};

// Room for every value that fits the result, and far enough below 2^128 that times() cannot wrap.
constexpr Wide kMaxNumerator = Wide{1} << 64;

/// Takes "12" or "12.5" off the front of `text`; nothing if it does not begin with a digit, ends in a point or has
/// more digits than any value here needs.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal value;
  bool in_fraction = false;
  bool digit_before = false;
  std::size_t used = 0;
  for (; used < text.size(); ++used) {
    const char c = text[used];
    if (c == '.' && !in_fraction && digit_before) {
      in_fraction = true;
      digit_before = false;
      continue;
    }
    if (!is_digit(c)) break;
    digit_before = true;
    value.numerator = value.numerator * 10 + static_cast<Wide>(c - '0');
    if (in_fraction) value.denominator *= 10;
    if (value.numerator > kMaxNumerator || value.denominator > kMaxNumerator) return std::nullopt;
  }
  if (!digit_before) return std::nullopt;
  text.remove_prefix(used);
  return value;
}

std::string_view take_letters(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_letter);
  const auto letters = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(letters.size());
  return letters;
}

std::optional<std::uint64_t> duration_scale(std::string_view name) {
  const auto* found = std::ranges::find(kDurationUnits, name, &Unit::name);
  if (found == kDurationUnits.end()) return std::nullopt;
  return found->scale;
}

std::optional<std::uint64_t> size_scale(std::string_view name) {
  if (name.empty()) return 1;
  const char upper = static_cast<char>(name[0] & ~0x20);
  const auto power = kSizeLetters.find(upper);
  if (power == std::string_view::npos) return std::nullopt;
  const auto rest = name.substr(1);
  if (!rest.empty() && (power == 0 || rest != "iB")) return std::nullopt;
  return std::uint64_t{1} << (10 * power);
}

std::string duration_error(std::string_view text) {
  return fmt::format("invalid duration {:?}: expected a number with ns, us, ms, s, m, h or d, such as 50ms or 1.5s",
                     text);
}

std::string size_error(std::string_view text) {
  return fmt::format("invalid size {:?}: expected a number with B, K, M, G, T, P or E (powers of 1024), such as 10M",
                     text);
}

/// 0.5, 9.99, 12.3, 123: three significant digits, no trailing zeros.
std::string three_digits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (decimals == 0) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// A minute or longer, in its two largest units: "1m30s", "2h", "3d4h".
std::string format_long(std::uint64_t nanoseconds) {
  for (std::size_t at = kDurationUnits.size() - 1;; --at) {
    const Unit big = kDurationUnits[at];
    const Unit small = kDurationUnits[at - 1];
    const std::uint64_t rounded = (nanoseconds + small.scale / 2) / small.scale;
    const std::uint64_t ratio = big.scale / small.scale;
    if (rounded < ratio) continue;
    if (rounded % ratio == 0) return fmt::format("{}{}", rounded / ratio, big.name);
    return fmt::format("{}{}{}{}", rounded / ratio, big.name, rounded % ratio, small.name);
  }
}

}  // namespace

std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
  constexpr Wide kMax = std::numeric_limits<std::chrono::nanoseconds::rep>::max();
  Wide total = 0;
  std::uint64_t previous = std::numeric_limits<std::uint64_t>::max();
  std::string_view rest = text;
  do {
    const auto number = take_decimal(rest);
    const auto name = take_letters(rest);
    const bool plain = name.empty() && rest.empty() && previous > kDurationUnits.back().scale;  // the only part
    const auto scale = plain ? std::optional{kSecond} : duration_scale(name);
    if (!number || !scale || *scale >= previous) return std::unexpected(duration_error(text));
    total += number->times(*scale);
    previous = *scale;
    if (total > kMax) return std::unexpected(fmt::format("duration {:?} is too long", text));
  } while (!rest.empty());
  return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(total));
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  const auto scale = size_scale(take_letters(rest));
  if (!number || !scale || !rest.empty()) return std::unexpected(size_error(text));
  const Wide bytes = number->times(*scale);
  if (bytes > std::numeric_limits<std::uint64_t>::max()) {
    return std::unexpected(fmt::format("size {:?} is too large", text));
  }
  return static_cast<std::uint64_t>(bytes);
}

std::expected<std::chrono::nanoseconds, std::string> parse_rate(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  std::optional<std::uint64_t> per;
  if (rest.empty()) per = kSecond;
  if (rest.starts_with('/')) per = duration_scale(rest.substr(1));
  if (!number || number->numerator == 0 || !per) {
    return std::unexpected(fmt::format("invalid rate {:?}: expected a number in a time, such as 100/s or 10/m", text));
  }
  // Rounded up, so that it is never faster than was said.
  const Wide interval = (Wide{*per} * number->denominator + number->numerator - 1) / number->numerator;
  if (interval > std::numeric_limits<std::chrono::nanoseconds::rep>::max()) {
    return std::unexpected(fmt::format("rate {:?} is too low", text));
  }
  return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(interval));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const bool negative = duration.count() < 0;
  const auto magnitude = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t nanoseconds = negative ? 0 - magnitude : magnitude;
  const std::string_view sign = negative ? "-" : "";
  for (const Unit& unit : kDurationUnits) {
    const double value = static_cast<double>(nanoseconds) / static_cast<double>(unit.scale);
    const double next = unit.scale == kSecond ? 59.95 : 999.5;  // what would be shown as one of the next unit
    if (value < next) return fmt::format("{}{}{}", sign, three_digits(value), unit.name);
    if (unit.scale == kSecond) break;
  }
  return fmt::format("{}{}", sign, format_long(nanoseconds));
}

std::string format_size(std::uint64_t bytes) {
  auto value = static_cast<double>(bytes);
  std::size_t power = 0;
  while (value >= 1023.5 && power + 1 < kSizeLetters.size()) {
    value /= 1024;
    ++power;
  }
  return fmt::format("{}{}", three_digits(value), kSizeLetters[power]);
}

}  // namespace overlap::cli
