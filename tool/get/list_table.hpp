#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "get/csv_record.hpp"
#include "get/list_decoder.hpp"

namespace overlap::get {

/// The entries of CSV and TSV.
///
/// Of a record that turns out malformed only its first line is bad: what a quote in the wrong place had made part of it
/// is read again, so that one row gone wrong costs no others.
class TableDecoder final : public ListDecoder {
 public:
  enum class Kind : std::uint8_t { csv, tsv };

  TableDecoder(Kind kind, ListColumns columns) : kind_(kind), columns_(std::move(columns)) {}

  std::optional<ListEntry> feed(const Line& line) override;
  std::optional<ListEntry> more() override;
  std::optional<ListEntry> finish() override;

 private:
  struct KeptLine {
    std::uint64_t number = 0;
    std::string text;
    bool is_too_long = false;
  };
  using Cells = std::span<const std::string_view>;

  std::optional<ListEntry> feed_quoted(const Line& line);
  std::optional<ListEntry> take_row(Cells cells, std::uint64_t line);
  std::optional<ListEntry> give_up(std::string_view why);
  ListEntry make_entry(Cells cells, std::uint64_t line) const;
  std::optional<ListEntry> bad_row(std::string_view row, std::uint64_t line, std::string why);
  void resolve(Cells heading);
  std::size_t column_of(std::string_view flag, const std::string& wanted, Cells heading);
  std::string kept_of(Cells cells) const;
  std::string keys_of(Cells heading) const;

  const Kind kind_;
  const ListColumns columns_;

  bool is_resolved_ = false;  // this and what follows: set by the first row
  std::size_t url_ = 0;
  std::optional<std::size_t> name_;
  std::optional<std::size_t> headers_;
  std::optional<std::size_t> sha256_;
  std::vector<std::pair<std::string, std::size_t>> keep_;
  std::size_t least_cells_ = 0;
  std::size_t heading_cells_ = 0;  // 0: there is no heading

  std::vector<std::string_view> cells_;
  CsvRecord record_;
  std::vector<KeptLine> lines_;  // of the record that is open
  std::size_t kept_bytes_ = 0;
  std::deque<KeptLine> again_;  // to be read again
};

}  // namespace overlap::get
