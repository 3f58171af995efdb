// Plain text in columns.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace overlap::cli {

/// Rows of cells under titles, each column as wide as its widest cell. Two spaces stand between columns, none at the
/// ends of lines. A title may have several lines; the lowest stands right above the cells. Widths count characters, not
/// bytes; text from outside is escaped by the caller.
class Table {
 public:
  enum class Align { left, right };

  struct Column {
    std::string title;
    Align align = Align::right;
  };

  /// The first `keys` columns say what a row is about.
  explicit Table(std::vector<Column> columns, std::size_t keys = 1) : columns_(std::move(columns)), keys_(keys) {}

  /// One cell a column; those that are left out are empty. Throws std::invalid_argument if there are more.
  void add_row(std::vector<std::string> cells);

  bool is_empty() const { return rows_.empty(); }

  /// Titles and rows, every line ended. Columns that do not fit into this width (0: all do) follow below in tables of
  /// their own, each with the keys again; one column besides them is there however narrow it is.
  std::string text(std::size_t width = 0) const;

 private:
  using Row = std::vector<std::string>;

  std::vector<Row> title_rows() const;
  std::vector<std::size_t> widths(const std::vector<Row>& titles) const;
  std::vector<std::vector<std::size_t>> parts(const std::vector<std::size_t>& widths, std::size_t width) const;
  void append_line(std::string& text, const Row& row, const std::vector<std::size_t>& widths,
                   const std::vector<std::size_t>& part) const;

  std::vector<Column> columns_;
  std::size_t keys_;
  std::vector<Row> rows_;  // each as long as columns_
};

/// `value` with three significant digits and no exponent: "0.0123", "1.60", "24.1", "160", "12345"; 0 is "0".
std::string three_digits(double value);

}  // namespace overlap::cli
