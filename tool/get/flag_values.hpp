// What the values of flags mean, and what is said of one that means nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <overlap/core/time.hpp>

#include "cli/escape.hpp"

namespace overlap::get {

/// Thrown within make_plan() by the first flag that is wrong. The message names the flag.
struct BadFlag {
  std::string message;
};

/// Of requests, whether in all or to one host.
inline constexpr std::int64_t kMostConcurrent = 100'000;

Duration duration_of(std::string_view flag, const std::string& text);
std::uint64_t size_of(std::string_view flag, const std::string& text);
/// At least 1.
std::size_t count_of(std::string_view flag, std::int64_t value, std::int64_t most);

/// The value of the choice that `text` names.
template <class T>
T one_of(std::string_view flag, const std::string& text, std::initializer_list<std::pair<const char*, T>> choices) {
  std::string known;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  throw BadFlag{fmt::format("{}: '{}' is none of {}", flag, cli::escape_for_terminal(text, 100), known)};
}

}  // namespace overlap::get
