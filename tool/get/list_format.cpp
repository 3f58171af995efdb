#include "get/list_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace overlap::get {
namespace {

std::string lower(std::string_view text) {
  std::string folded(text);
  std::ranges::transform(folded, folded.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return folded;
}

/// Whether one of the cells is `name`, in quotes or not.
bool has_cell(std::string_view line, char separator, std::string_view name) {
  while (true) {
    std::string_view cell = line.substr(0, line.find(separator));
    const std::size_t end = cell.size();
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
    if (cell == name) return true;
    if (end == line.size()) return false;
    line.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::size_t> column_number(std::string_view text) {
  std::size_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

bool ListColumns::are_numbers() const {
  const auto is_number = [](const std::optional<std::string>& text) { return !text || column_number(*text); };
  return column_number(url) && is_number(name) && is_number(headers) && is_number(sha256) &&
         std::ranges::all_of(keep, [](const std::string& text) { return column_number(text).has_value(); });
}

ListFormat format_of_name(std::string_view file) {
  static constexpr std::array<std::pair<std::string_view, ListFormat>, 6> kEndings{{{".txt", ListFormat::txt},
                                                                                    {".csv", ListFormat::csv},
                                                                                    {".tsv", ListFormat::tsv},
                                                                                    {".tab", ListFormat::tsv},
                                                                                    {".jsonl", ListFormat::jsonl},
                                                                                    {".ndjson", ListFormat::jsonl}}};
  std::string name = lower(file);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const auto known =
      std::ranges::find_if(kEndings, [&name](const auto& ending) { return name.ends_with(ending.first); });
  return known == kEndings.end() ? ListFormat::automatic : known->second;
}

ListFormat format_of_line(std::string_view line, const ListColumns& columns) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first != std::string_view::npos && line[first] == '{') return ListFormat::jsonl;
  if (has_cell(line, '\t', columns.url)) return ListFormat::tsv;
  if (has_cell(line, ',', columns.url)) return ListFormat::csv;
  if (columns.are_numbers()) return line.contains('\t') ? ListFormat::tsv : ListFormat::csv;
  return ListFormat::txt;
}

}  // namespace overlap::get
