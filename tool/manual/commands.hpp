// What the program's commands and flags are, as its parser has them: the one source of help, manual and completions.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace overlap::manual {

struct Flag {
  std::vector<std::string> names;  ///< "-j", "--max-concurrent"; of a positional its own name
  std::string value;               ///< what it takes: "N"; empty: nothing
  std::string default_value;       ///< empty: none
  std::string description;
  bool takes_many = false;  ///< values
};

struct Group {
  std::string title;
  std::vector<Flag> flags;
};

struct Command {
  std::string name;  ///< "get"; empty: the program itself
  std::string description;
  std::vector<Flag> positionals;
  std::vector<Group> groups;
  std::string footer;  ///< examples and what else stands below the help
};

/// Of a command, or of the program itself.
Command read_command(const CLI::App& app);

/// The program first, then its commands; hidden ones are left out.
std::vector<Command> read_commands(const CLI::App& app);

}  // namespace overlap::manual
