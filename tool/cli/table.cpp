#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

namespace overlap::cli {
namespace {

/// Characters, by counting the bytes that begin one.
std::size_t width_of(std::string_view text) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (;;) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void Table::add_row(std::vector<std::string> cells) {
  if (cells.size() > columns_.size()) throw std::invalid_argument("more cells than columns");
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width) const {
  const std::vector<Row> titles = title_rows();
  const std::vector<std::size_t> column_widths = widths(titles);
  std::string text;
  for (const auto& part : parts(column_widths, width)) {
    if (!text.empty()) text += '\n';
    for (const Row& row : titles) {
      const bool is_empty = std::ranges::all_of(part, [&row](std::size_t c) { return row[c].empty(); });
      if (!is_empty) append_line(text, row, column_widths, part);
    }
    for (const Row& row : rows_) append_line(text, row, column_widths, part);
  }
  return text;
}

/// Which columns stand beside each other.
std::vector<std::vector<std::size_t>> Table::parts(const std::vector<std::size_t>& widths, std::size_t width) const {
  std::vector<std::size_t> keys;
  std::size_t width_of_keys = 0;
  for (std::size_t c = 0; c < std::min(keys_, widths.size()); ++c) {
    keys.push_back(c);
    width_of_keys += (c != 0 ? 2 : 0) + widths[c];
  }
  std::vector<std::vector<std::size_t>> parts{keys};
  std::size_t taken = width_of_keys;
  for (std::size_t c = keys.size(); c < widths.size(); ++c) {
    if (width != 0 && taken + 2 + widths[c] > width && parts.back().size() > keys.size()) {
      parts.push_back(keys);
      taken = width_of_keys;
    }
    parts.back().push_back(c);
    taken += 2 + widths[c];
  }
  return parts;
}

/// The titles as rows of one line each, empty at the top where a title has fewer.
std::vector<Table::Row> Table::title_rows() const {
  std::vector<std::vector<std::string>> titles;
  std::size_t height = 0;
  for (const Column& column : columns_) {
    titles.push_back(lines_of(column.title));
    height = std::max(height, titles.back().size());
  }
  std::vector<Row> rows(height, Row(columns_.size()));
  for (std::size_t c = 0; c < titles.size(); ++c) {
    const std::size_t top = height - titles[c].size();
    for (std::size_t line = 0; line < titles[c].size(); ++line) rows[top + line][c] = std::move(titles[c][line]);
  }
  return rows;
}

std::vector<std::size_t> Table::widths(const std::vector<Row>& titles) const {
  std::vector<std::size_t> widths(columns_.size());
  const auto widen = [&widths](const Row& row) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  };
  std::ranges::for_each(titles, widen);
  std::ranges::for_each(rows_, widen);
  return widths;
}

void Table::append_line(std::string& text, const Row& row, const std::vector<std::size_t>& widths,
                        const std::vector<std::size_t>& part) const {
  std::string line;
  for (const std::size_t c : part) {
    if (c != part.front()) line += "  ";
    const std::string padding(widths[c] - width_of(row[c]), ' ');
    line += columns_[c].align == Align::left ? row[c] + padding : padding + row[c];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text.append(line).push_back('\n');
}

std::string three_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return fmt::format("{:.0f}", value);
  // The exponent after rounding, so that 9.996 becomes 10.0 and not 10.00.
  const int exponent = std::stoi(fmt::format("{:.2e}", value).substr(fmt::format("{:.2e}", value).find('e') + 1));
  return fmt::format("{:.{}f}", value, std::max(0, 2 - exponent));
}

}  // namespace overlap::cli
