#include "get/header_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <overlap/http/headers.hpp>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2

/// What says where a request ends and what becomes of its connection: told otherwise, the server would read the next
/// request as a part of this one.
constexpr std::array<std::string_view, 5> kOfTheConnection = {"Connection", "Content-Length", "Keep-Alive",
                                                              "Transfer-Encoding", "Upgrade"};

bool is_token(std::string_view text) {
  const auto may_be = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kTokenMarks.contains(c);
  };
  return !text.empty() && std::ranges::all_of(text, may_be);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::optional<std::string> fault_of_header(std::string_view name, std::string_view value) {
  const std::string shown = cli::escape_for_terminal(name, 60);
  if (!is_token(name)) return fmt::format("'{}' is no name of a header", shown);
  const auto is_it = [name](std::string_view other) { return http::same_name(name, other); };
  if (std::ranges::any_of(kOfTheConnection, is_it)) {
    return fmt::format("{} goes with the connection, which is not the request's to decide on", shown);
  }
  if (value.find_first_of("\r\n") != std::string_view::npos)
    return fmt::format("the value of {} has a line break", shown);
  if (std::ranges::any_of(value, [](char c) { return is_control(c) && c != '\t'; }))
    return fmt::format("the value of {} has a control character", shown);
  return std::nullopt;
}

}  // namespace overlap::get
