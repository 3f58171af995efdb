#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "get/list_reader.hpp"

namespace overlap::get {

/// The flags that say what the list is, as typed.
struct InputFlags {
  std::vector<std::string> urls;
  std::vector<std::string> files;
  std::string format = "auto";
  std::string url_column = "url";
  std::string name_column;
  std::string header_column;
  std::string hash_column;
  std::string keep_columns;
};

void add_input_flags(CLI::App& command, InputFlags& flags);

/// How the files are to be read. Throws BadFlag.
ListReader::Options list_options_of(const InputFlags& flags);

}  // namespace overlap::get
