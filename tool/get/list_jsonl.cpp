#include "get/list_jsonl.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownColumns = 500;  // bytes

/// The text of a member that may be missing or null; nothing if it is something else.
std::optional<std::string_view> text_of(const json::object& row, const std::optional<std::string>& key) {
  const json::value* const value = key ? row.if_contains(*key) : nullptr;
  if (value == nullptr || value->is_null()) return std::string_view();
  if (const auto* text = value->if_string()) return std::string_view(*text);
  return std::nullopt;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

std::optional<ListEntry> JsonlDecoder::feed(const Line& line) {
  if (line.is_too_long) return bad_line(line, "the line is too long");
  if (is_blank(line.text)) return std::nullopt;
  parser_.reset();  // lets go of what lies in the memory
  memory_.release();
  parser_.reset(&memory_);
  boost::system::error_code error;
  const std::size_t parsed = parser_.write_some(line.text, error);
  if (error) return bad_line(line, fmt::format("not JSON: {} at byte {}", error.message(), parsed + 1));
  if (!is_blank(line.text.substr(parsed)))
    return bad_line(line, fmt::format("not JSON: something follows at byte {}", parsed + 1));
  const json::value value = parser_.release();
  const auto* const row = value.if_object();
  if (row == nullptr) return bad_line(line, "JSON, but no object");
  check_columns(*row);
  if (error_) return std::nullopt;
  return make_entry(*row, line.number);
}

ListEntry JsonlDecoder::make_entry(const json::object& row, std::uint64_t line) const {
  const auto url = text_of(row, columns_.url);
  if (!url || url->empty()) {
    return make_bad_line(
        "", line, fmt::format("the row has no URL: no text in '{}'", cli::escape_for_terminal(columns_.url, 100)));
  }
  const auto bad = [&](std::string why) { return make_bad_line(*url, line, std::move(why)); };
  const auto name = text_of(row, columns_.name);
  if (!name) return bad("the name is no text");
  const auto sha256 = text_of(row, columns_.sha256);
  if (!sha256) return bad("the digest is no text");
  ListEntry entry = make_row_entry({*url, *name, *sha256}, line);
  auto* const item = std::get_if<Item>(&entry);
  if (item == nullptr) return entry;
  if (const json::value* const found = columns_.headers ? row.if_contains(*columns_.headers) : nullptr) {
    auto headers = parse_headers(*found);
    if (!headers) return bad(std::move(headers.error()));
    item->headers = *std::move(headers);
  }
  item->kept = kept_of(row);
  return entry;
}

std::string JsonlDecoder::kept_of(const json::object& row) const {
  if (columns_.keep.empty()) return {};
  json::object kept;
  for (const std::string& key : columns_.keep) {
    const json::value* const found = row.if_contains(key);
    if (found == nullptr) continue;
    const bool is_url = key == columns_.url && found->is_string();
    kept[key] = is_url ? json::value(redacted(found->get_string(), kMaxUrlBytes)) : *found;
  }
  return cli::escape_json_for_terminal(json::serialize(kept));
}

ListEntry JsonlDecoder::bad_line(const Line& line, std::string why) const {
  return make_bad_line(columns_.headers ? "(a row that may hold headers)" : line.text, line.number, std::move(why));
}

void JsonlDecoder::check_columns(const json::object& row) {
  if (std::exchange(is_checked_, true)) return;
  const auto check = [&](std::string_view flag, const std::optional<std::string>& key) {
    if (!key || error_ || row.contains(*key)) return;
    std::string keys;
    for (const auto& member : row) {
      keys += (keys.empty() ? "" : ", ") + cli::escape_for_terminal(member.key(), 100);
      if (keys.size() > kShownColumns) break;
    }
    error_ = fmt::format("{}: the first row has no '{}'; it has {}", flag, cli::escape_for_terminal(*key, 100),
                         keys.empty() ? "nothing" : keys);
  };
  check("--url-col", columns_.url);
  check("--name-col", columns_.name);
  check("--header-col", columns_.headers);
  check("--hash-col", columns_.sha256);
  for (const std::string& key : columns_.keep) check("--keep-cols", key);
}

}  // namespace overlap::get
