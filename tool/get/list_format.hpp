// The formats that a list may have, and how one is recognised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace overlap::get {

enum class ListFormat : std::uint8_t {
  automatic,  ///< what the name of the file says, else what its first line looks like
  txt,        ///< a URL a line; blank lines and lines that begin with '#' are none
  csv,        ///< RFC 4180; the first row names the columns, unless they are given by number
  tsv,        ///< the same with tabs, and without quotes: a cell is what stands between two tabs
  jsonl,      ///< a JSON object a line; its members are the columns
};

/// Which columns of a list say what: by name, or by number from 1.
struct ListColumns {
  std::string url = "url";
  std::optional<std::string> name = {};     ///< to save the body under
  std::optional<std::string> headers = {};  ///< of the request: lines of "Name: value", or a JSON object
  std::optional<std::string> sha256 = {};   ///< that the body must have
  std::vector<std::string> keep = {};       ///< go to the manifest with the outcome

  /// Whether any was asked for: a list of plain URLs has none.
  bool are_asked_for() const { return url != "url" || name || headers || sha256 || !keep.empty(); }
  /// Whether all are numbers: then the first row is one like the others.
  bool are_numbers() const;
};

/// The column number that `text` is, from 1; nothing if it is a name.
std::optional<std::size_t> column_number(std::string_view text);

/// What the name of a file says, with or without ".gz"; `automatic` if it says nothing.
ListFormat format_of_name(std::string_view file);

/// What the first line that is not blank looks like. A table is recognised by the name of its URL column.
ListFormat format_of_line(std::string_view line, const ListColumns& columns);

}  // namespace overlap::get
