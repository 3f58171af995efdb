#include "get/get_options_input.hpp"

namespace overlap::get {

void add_input_flags(CLI::App& command, InputFlags& flags) {
  command.add_option("URL", flags.urls, "What to fetch")->type_name("");
  command.add_option("-i,--input-file", flags.files, "A list of URLs, one a line; '-' is standard input")
      ->type_name("FILE")
      ->allow_extra_args(false);  // what follows the file is a URL
}

}  // namespace overlap::get
