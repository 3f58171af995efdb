// The entries of a list, and what turns its lines into them: one decoder a format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "get/line_reader.hpp"

namespace overlap::get {

/// One thing to fetch, as the list has it: nothing is checked but that it is UTF-8 without control characters.
struct Item {
  std::uint64_t ordinal = 0;  ///< 1-based count of the list's entries, bad ones included
  std::uint64_t line = 0;     ///< 1-based line number; 0 for an argument of the command line
  std::string url;
  std::optional<std::string> name;    ///< to save it under
  std::optional<std::string> sha256;  ///< that the body must have
  std::vector<std::pair<std::string, std::string>> headers;
};

/// An entry that cannot be read. It counts as an item, with the outcome `bad_input`.
struct BadLine {
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  std::string text;  ///< escaped, shortened, without credentials: fit to show and to store
  std::string why;
};

using ListEntry = std::variant<Item, BadLine>;

enum class ListFormat {
  txt,  ///< a URL a line; blank lines and lines that begin with '#' are none
};

/// Turns lines into entries; the reader numbers them. A decoder may need several lines for an entry (a quoted line
/// break in CSV), or lines that give none (a heading), so it is fed and keeps what it needs.
class ListDecoder {
 public:
  virtual ~ListDecoder() = default;

  /// The entry that this line completes.
  virtual std::optional<ListEntry> feed(const Line& line) = 0;

  /// The entry that the list ended in the middle of.
  virtual std::optional<ListEntry> finish() { return std::nullopt; }
};

std::unique_ptr<ListDecoder> make_list_decoder(ListFormat format);

/// An entry for one URL: an Item, or a BadLine if the text is not one line of UTF-8.
ListEntry make_url_entry(std::string_view text, std::uint64_t line);

}  // namespace overlap::get
