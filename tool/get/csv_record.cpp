#include "get/csv_record.hpp"

#include <algorithm>
#include <utility>

namespace overlap::get {

void CsvRecord::clear() {
  cells_.clear();
  cell_.clear();
  is_open_ = false;
  why_ = {};
}

CsvRecord::State CsvRecord::feed(std::string_view line) {
  if (is_open_) {
    cell_ += '\n';
  } else {
    clear();
  }
  at_ = 0;
  while (true) {
    if (!is_open_ && at_ < line.size() && line[at_] == '"') {
      is_open_ = true;
      ++at_;
    }
    const bool went_well = is_open_ ? take_quoted(line) : take_plain(line);
    if (!went_well) return State::bad;
    if (is_open_) return State::open;
    if (at_ == line.size()) return State::complete;
    ++at_;  // the separator
  }
}

/// Up to the end of the cell, or of the line if the cell goes on in the next.
bool CsvRecord::take_quoted(std::string_view line) {
  while (true) {
    const std::size_t quote = std::min(line.find('"', at_), line.size());
    cell_ += line.substr(at_, quote - at_);
    at_ = quote;
    if (quote == line.size()) return true;
    ++at_;
    if (at_ == line.size() || line[at_] != '"') break;
    cell_ += '"';
    ++at_;
  }
  is_open_ = false;
  cells_.push_back(std::exchange(cell_, std::string()));
  if (at_ == line.size() || line[at_] == ',') return true;
  why_ = "something follows the quote that ends a cell";
  return false;
}

bool CsvRecord::take_plain(std::string_view line) {
  const std::size_t end = std::min(line.find(',', at_), line.size());
  const std::string_view cell = line.substr(at_, end - at_);
  if (cell.contains('"')) {
    why_ = "a quote in a cell that does not begin with one";
    return false;
  }
  cells_.emplace_back(cell);
  at_ = end;
  return true;
}

}  // namespace overlap::get
