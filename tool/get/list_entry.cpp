#include "get/list_entry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "cli/escape.hpp"
#include "get/header_rules.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kDigestDigits = 64;

using Bad = std::unexpected<std::string>;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// Why `text` cannot be a URL, whatever the format; nothing if it can.
std::optional<std::string> find_fault(std::string_view text) {
  if (const auto control = std::ranges::find_if(text, is_control); control != text.end()) {
    return fmt::format("control character 0x{:02x} at byte {}", static_cast<unsigned char>(*control),
                       control - text.begin() + 1);
  }
  const std::size_t valid = cli::utf8_prefix(text);
  if (valid == text.size()) return std::nullopt;
  return fmt::format("byte 0x{:02x} at byte {} is not UTF-8", static_cast<unsigned char>(text[valid]), valid + 1);
}

/// In lower case; nothing if it is no SHA-256.
std::optional<std::string> digest_of(std::string_view text) {
  if (text.size() != kDigestDigits) return std::nullopt;
  std::string digest;
  for (char c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return std::nullopt;
    digest += c;
  }
  return digest;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::expected<void, std::string> add_header(HeaderList& headers, std::string_view name, std::string_view value) {
  value = trim(value);
  if (const auto fault = fault_of_header(name, value)) return Bad("headers: " + *fault);
  headers.emplace_back(name, value);
  return {};
}

std::expected<HeaderList, std::string> parse_header_lines(std::string_view text) {
  HeaderList headers;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Bad("headers: a line of them is no 'Name: value'");
    const auto added = add_header(headers, line.substr(0, colon), line.substr(colon + 1));
    if (!added) return Bad(added.error());
  }
  return headers;
}

}  // namespace

BadLine make_bad_line(std::string_view text, std::uint64_t line, std::string why) {
  return BadLine{.ordinal = 0, .line = line, .text = redacted(text), .why = std::move(why)};
}

ListEntry make_row_entry(const RowCells& cells, std::uint64_t line) {
  if (auto fault = find_fault(cells.url)) return make_bad_line(cells.url, line, *std::move(fault));
  Item item;
  item.line = line;
  item.url = cells.url;
  if (!cells.name.empty()) item.name = cells.name;
  if (cells.sha256.empty()) return item;
  item.sha256 = digest_of(trim(cells.sha256));
  if (item.sha256) return item;
  return make_bad_line(cells.url, line,
                       fmt::format("'{}' is no SHA-256, which has {} hexadecimal digits",
                                   cli::escape_for_terminal(cells.sha256, 80), kDigestDigits));
}

std::expected<HeaderList, std::string> parse_headers(std::string_view cell) {
  if (!trim(cell).starts_with('{')) return parse_header_lines(cell);
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(cell, error);
  if (error) return Bad("headers: they are no JSON object: " + error.message());
  return parse_headers(value);
}

std::expected<HeaderList, std::string> parse_headers(const boost::json::value& value) {
  if (value.is_null()) return HeaderList();
  if (const auto* text = value.if_string()) return parse_header_lines(*text);
  const auto* const object = value.if_object();
  if (object == nullptr) return Bad("headers: neither a JSON object nor a string");
  HeaderList headers;
  for (const auto& [name, content] : *object) {
    if (content.is_structured())
      return Bad(fmt::format("headers: the value of {} is no text", cli::escape_for_terminal(name, 60)));
    const auto* const text = content.if_string();
    const std::string written = text != nullptr ? std::string(*text) : boost::json::serialize(content);
    const auto added = add_header(headers, name, written);
    if (!added) return Bad(added.error());
  }
  return headers;
}

}  // namespace overlap::get
