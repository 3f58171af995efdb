#include "get/list_table.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

// Of one record. A quote that nobody closes must not swallow the list, nor must reading again what it did take long.
constexpr std::size_t kMaxRecordBytes = 256 * 1024;
constexpr std::size_t kMaxRecordLines = 4096;
constexpr std::size_t kShownColumns = 500;  // bytes

void split(std::string_view line, char separator, std::vector<std::string_view>& cells) {
  cells.clear();
  while (true) {
    const std::size_t end = line.find(separator);
    cells.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

std::string_view cell_at(std::span<const std::string_view> cells, std::optional<std::size_t> column) {
  return column ? cells[*column] : std::string_view();
}

}  // namespace

std::optional<ListEntry> TableDecoder::feed(const Line& line) {
  if (!lines_.empty()) return feed_quoted(line);
  if (line.is_too_long) return bad_row(line.text, line.number, "the line is too long");
  if (line.text.empty()) return std::nullopt;
  if (kind_ == Kind::csv && line.text.contains('"')) return feed_quoted(line);
  split(line.text, kind_ == Kind::csv ? ',' : '\t', cells_);
  return take_row(cells_, line.number);
}

std::optional<ListEntry> TableDecoder::feed_quoted(const Line& line) {
  lines_.push_back({line.number, std::string(line.text), line.is_too_long});
  kept_bytes_ += line.text.size();
  if (line.is_too_long) return give_up("a line within its quotes is too long");
  switch (record_.feed(line.text)) {
    case CsvRecord::State::bad:
      return give_up(record_.why());
    case CsvRecord::State::open:
      if (kept_bytes_ > kMaxRecordBytes || lines_.size() > kMaxRecordLines) return give_up("a quote is never closed");
      return std::nullopt;
    case CsvRecord::State::complete:
      break;
  }
  cells_.assign(record_.cells().begin(), record_.cells().end());
  const std::uint64_t number = lines_.front().number;
  lines_.clear();
  kept_bytes_ = 0;
  return take_row(cells_, number);
}

/// The first line of the open record is bad. The others are read again, for themselves.
std::optional<ListEntry> TableDecoder::give_up(std::string_view why) {
  const KeptLine first = std::move(lines_.front());
  again_.insert(again_.begin(), std::make_move_iterator(lines_.begin() + 1), std::make_move_iterator(lines_.end()));
  lines_.clear();
  kept_bytes_ = 0;
  std::string reason(why);
  record_.clear();
  return bad_row(first.text, first.number, std::move(reason));
}

std::optional<ListEntry> TableDecoder::more() {
  while (!again_.empty() && !error_) {
    const KeptLine line = std::move(again_.front());
    again_.pop_front();
    if (auto entry = feed(Line{line.number, line.text, line.is_too_long})) return entry;
  }
  return std::nullopt;
}

std::optional<ListEntry> TableDecoder::finish() {
  if (lines_.empty()) return std::nullopt;
  return give_up("a quote is not closed before the end");
}

// ---- Rows

std::optional<ListEntry> TableDecoder::take_row(Cells cells, std::uint64_t line) {
  if (!is_resolved_) {
    const bool has_heading = !columns_.are_numbers();
    resolve(cells);
    if (has_heading || error_) return std::nullopt;
  }
  return make_entry(cells, line);
}

ListEntry TableDecoder::make_entry(Cells cells, std::uint64_t line) const {
  const std::string_view url = url_ < cells.size() ? cells[url_] : std::string_view();
  if (heading_cells_ != 0 && cells.size() != heading_cells_) {
    return make_bad_line(url, line, fmt::format("the row has {} cells, the heading {}", cells.size(), heading_cells_));
  }
  if (cells.size() < least_cells_) {
    return make_bad_line(url, line,
                         fmt::format("the row has {} cells, column {} is wanted", cells.size(), least_cells_));
  }
  if (url.empty()) return make_bad_line(url, line, "the row has no URL");
  ListEntry entry = make_row_entry({url, cell_at(cells, name_), cell_at(cells, sha256_)}, line);
  auto* const item = std::get_if<Item>(&entry);
  if (item == nullptr) return entry;
  if (headers_ && !cells[*headers_].empty()) {
    auto headers = parse_headers(cells[*headers_]);
    if (!headers) return make_bad_line(url, line, std::move(headers.error()));
    item->headers = *std::move(headers);
  }
  for (const auto& [key, column] : keep_) {
    if (cli::utf8_prefix(cells[column]) != cells[column].size())
      return make_bad_line(url, line, fmt::format("column '{}' is not UTF-8", key));
  }
  item->kept = kept_of(cells);
  return entry;
}

std::string TableDecoder::kept_of(Cells cells) const {
  if (keep_.empty()) return {};
  boost::json::object kept;
  for (const auto& [key, column] : keep_) {
    kept[key] = column == url_ ? redacted(cells[column], kMaxUrlBytes) : std::string(cells[column]);
  }
  return cli::escape_json_for_terminal(boost::json::serialize(kept));
}

/// A row that cannot be taken apart. The heading is what all others are read by, so there the list ends.
std::optional<ListEntry> TableDecoder::bad_row(std::string_view row, std::uint64_t line, std::string why) {
  if (!is_resolved_ && !columns_.are_numbers()) {
    error_ = fmt::format("its heading, line {}: {}", line, why);
    return std::nullopt;
  }
  return make_bad_line(columns_.headers ? "(a row that may hold headers)" : row, line, std::move(why));
}

// ---- Columns

void TableDecoder::resolve(Cells heading) {
  is_resolved_ = true;
  const auto optional_column = [&](std::string_view flag, const std::optional<std::string>& wanted) {
    return wanted ? std::optional(column_of(flag, *wanted, heading)) : std::nullopt;
  };
  url_ = column_of("--url-col", columns_.url, heading);
  name_ = optional_column("--name-col", columns_.name);
  headers_ = optional_column("--header-col", columns_.headers);
  sha256_ = optional_column("--hash-col", columns_.sha256);
  const bool has_heading = !columns_.are_numbers();
  for (const std::string& wanted : columns_.keep) {
    const std::size_t column = column_of("--keep-cols", wanted, heading);
    if (error_) return;
    keep_.emplace_back(has_heading ? cli::escape_for_terminal(heading[column], 200) : wanted, column);
  }
  if (has_heading) heading_cells_ = heading.size();
}

std::size_t TableDecoder::column_of(std::string_view flag, const std::string& wanted, Cells heading) {
  if (error_) return 0;
  const auto found = std::ranges::find(heading, wanted);
  if (found != heading.end() && !columns_.are_numbers()) {
    const auto column = static_cast<std::size_t>(found - heading.begin());
    if (std::ranges::count(heading, wanted) > 1)
      error_ = fmt::format("{}: two columns are called '{}'", flag, cli::escape_for_terminal(wanted, 100));
    least_cells_ = std::max(least_cells_, column + 1);
    return column;
  }
  const auto number = column_number(wanted);
  if (number && *number <= heading.size()) {
    least_cells_ = std::max(least_cells_, *number);
    return *number - 1;
  }
  error_ = fmt::format("{}: there is no column '{}'; there {} {}", flag, cli::escape_for_terminal(wanted, 100),
                       heading.size() == 1 ? "is" : "are", keys_of(heading));
  return 0;
}

std::string TableDecoder::keys_of(Cells heading) const {
  if (columns_.are_numbers()) return fmt::format("1 to {}", heading.size());
  std::string keys;
  for (const std::string_view key : heading) {
    if (!keys.empty()) keys += ", ";
    keys += redacted(key, 100);
    if (keys.size() > kShownColumns) return keys + ", ...";
  }
  const bool looks_like_a_row = std::ranges::any_of(heading, [](std::string_view key) { return key.contains("://"); });
  return looks_like_a_row ? keys + " (a list without a heading takes numbers: --url-col 1)" : keys;
}

}  // namespace overlap::get
