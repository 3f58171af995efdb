// The entries of a list.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/fwd.hpp>

namespace overlap::get {

/// Names and values, in their order.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One thing to fetch, as the list has it. The URL is not checked but for being UTF-8 without control characters; the
/// name is any text.
struct Item {
  std::uint64_t ordinal = 0;  ///< 1-based count of the list's entries, bad ones included
  std::uint64_t line = 0;     ///< 1-based line number; 0 for an argument of the command line
  std::string url;
  std::optional<std::string> name;    ///< to save it under
  std::optional<std::string> sha256;  ///< that the body must have, in lower-case hex
  HeaderList headers;                 ///< fit to send
  std::string kept;                   ///< a JSON object of the columns to keep; empty: none were asked for
};

/// An entry that cannot be read. It counts as an item, with the outcome `bad_input`.
struct BadLine {
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  std::string text;  ///< escaped, shortened, without credentials: fit to show and to store
  std::string why;
};

using ListEntry = std::variant<Item, BadLine>;

/// What the columns of a row have to say; what is empty says nothing.
struct RowCells {
  std::string_view url;
  std::string_view name = {};
  std::string_view sha256 = {};
};

/// An Item, or a BadLine if the URL is not one line of UTF-8, or the digest none.
ListEntry make_row_entry(const RowCells& cells, std::uint64_t line);

/// An entry for one URL.
inline ListEntry make_url_entry(std::string_view url, std::uint64_t line) { return make_row_entry({url}, line); }

/// `text` is what the entry is, as far as that can be told: its URL at best.
BadLine make_bad_line(std::string_view text, std::uint64_t line, std::string why);

/// The headers that a cell holds: a line each of "Name: value", or a JSON object. The error says what is wrong, without
/// quoting a value, which may be secret.
std::expected<HeaderList, std::string> parse_headers(std::string_view cell);
/// The same of a JSON value: an object of names and values, or a string.
std::expected<HeaderList, std::string> parse_headers(const boost::json::value& value);

}  // namespace overlap::get
