#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace overlap::get {

/// A record of CSV as RFC 4180 has it, fed a line at a time: a quoted cell may hold separators, quotes written twice,
/// and line breaks. Strict, since a quote in the wrong place is a row gone wrong: a quote may only begin a cell, and
/// after the one that ends it nothing but a separator may follow.
class CsvRecord {
 public:
  enum class State : std::uint8_t {
    complete,
    open,  ///< within quotes: the next line belongs to it
    bad,   ///< why() says it
  };

  /// Continues an open record, else begins a new one.
  State feed(std::string_view line);

  /// Drops what it has.
  void clear();

  const std::vector<std::string>& cells() const { return cells_; }
  std::string_view why() const { return why_; }

 private:
  bool take_quoted(std::string_view line);
  bool take_plain(std::string_view line);

  std::vector<std::string> cells_;
  std::string cell_;  // within quotes
  std::size_t at_ = 0;
  bool is_open_ = false;
  std::string_view why_;
};

}  // namespace overlap::get
