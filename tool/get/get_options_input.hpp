#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace overlap::get {

/// The flags that say what the list is, as typed.
struct InputFlags {
  std::vector<std::string> urls;
  std::vector<std::string> files;
};

void add_input_flags(CLI::App& command, InputFlags& flags);

}  // namespace overlap::get
