#include "get/get_options_input.hpp"

#include "get/flag_values.hpp"

namespace overlap::get {
namespace {

std::optional<std::string> column_of(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// Names or numbers, with commas between.
std::vector<std::string> columns_of(std::string_view flag, const std::string& text) {
  std::vector<std::string> columns;
  if (text.empty()) return columns;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end == at)
      throw BadFlag{fmt::format("{}: a name is missing in '{}'", flag, cli::escape_for_terminal(text, 100))};
    columns.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return columns;
}

}  // namespace

void add_input_flags(CLI::App& command, InputFlags& flags) {
  command.add_option("URL", flags.urls, "What to fetch")->type_name("");
  command.add_option("-i,--input-file", flags.files, "A list of what to fetch, also gzipped; '-' is standard input")
      ->type_name("FILE")
      ->allow_extra_args(false);  // what follows the file is a URL
  auto* list = command.add_option_group("List (columns are given by name, or by number from 1)");
  list->add_option("--format", flags.format, "auto (by name, then by content), txt (a URL a line), csv, tsv or jsonl")
      ->type_name("FORMAT")
      ->capture_default_str();
  list->add_option("--url-col", flags.url_column, "The column of the URL")->type_name("COLUMN")->capture_default_str();
  list->add_option("--name-col", flags.name_column, "... of the name to save it under")->type_name("COLUMN");
  list->add_option("--header-col", flags.header_column, "... of headers to send: 'Name: value' lines, or a JSON object")
      ->type_name("COLUMN");
  list->add_option("--hash-col", flags.hash_column, "... of the SHA-256 that the body must have")->type_name("COLUMN");
  list->add_option("--keep-cols", flags.keep_columns, "Columns to keep in the manifest, as in id,caption")
      ->type_name("COLUMNS");
}

ListReader::Options list_options_of(const InputFlags& flags) {
  ListReader::Options options;
  options.format = one_of<ListFormat>("--format", flags.format,
                                      {{"auto", ListFormat::automatic},
                                       {"txt", ListFormat::txt},
                                       {"csv", ListFormat::csv},
                                       {"tsv", ListFormat::tsv},
                                       {"jsonl", ListFormat::jsonl}});
  if (flags.url_column.empty()) throw BadFlag{"--url-col: a name or a number is missing"};
  options.columns.url = flags.url_column;
  options.columns.name = column_of(flags.name_column);
  options.columns.headers = column_of(flags.header_column);
  options.columns.sha256 = column_of(flags.hash_column);
  options.columns.keep = columns_of("--keep-cols", flags.keep_columns);
  return options;
}

}  // namespace overlap::get
