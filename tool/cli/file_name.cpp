#include "cli/file_name.hpp"

#include <CLI/Validators.hpp>
#include <string>

namespace overlap::cli {

CLI::Option* needs_a_name(CLI::Option* option) {
  const auto problem = [](const std::string& name) {
    return name.empty() ? std::string("the name of a file is missing, it is empty") : std::string();
  };
  return option->check(problem);
}

}  // namespace overlap::cli
