// What turns the lines of a list into its entries: one decoder a format.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "get/line_reader.hpp"
#include "get/list_entry.hpp"
#include "get/list_format.hpp"

namespace overlap::get {

/// Turns lines into entries; the reader numbers them. A decoder may need several lines for an entry (a quoted line
/// break in CSV), or lines that give none (a heading), so it is fed and keeps what it needs.
class ListDecoder {
 public:
  virtual ~ListDecoder() = default;

  /// The entry that this line completes. After error() nothing is fed.
  virtual std::optional<ListEntry> feed(const Line& line) = 0;

  /// One more entry of lines that were fed before; asked until there is none, before the next line is fed.
  virtual std::optional<ListEntry> more() { return std::nullopt; }

  /// An entry that the list ended in the middle of; asked until there is none.
  virtual std::optional<ListEntry> finish() { return std::nullopt; }

  /// Why this is no list of the format: its columns are others.
  virtual const std::optional<std::string>& error() const { return error_; }

 protected:
  std::optional<std::string> error_;
};

/// For `automatic` the first line that is not blank decides.
std::unique_ptr<ListDecoder> make_list_decoder(ListFormat format, const ListColumns& columns);

/// How long a line of the format may be.
std::size_t max_line_bytes(ListFormat format);

}  // namespace overlap::get
