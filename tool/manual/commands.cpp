#include "manual/commands.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

namespace overlap::manual {
namespace {

Flag read_flag(const CLI::Option& option) {
  Flag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  if (flag.names.empty()) flag.names.push_back(option.get_name());
  // Behind a colon the parser's name of a type has the values that are allowed.
  if (option.get_items_expected_max() > 0) flag.value = option.get_type_name();
  flag.value = flag.value.substr(0, flag.value.find(':'));
  flag.default_value = option.get_default_str();
  if (flag.default_value.starts_with('[') && flag.default_value.ends_with(']')) {  // a list
    flag.default_value = flag.default_value.substr(1, flag.default_value.size() - 2);
  }
  flag.description = option.get_description();
  flag.takes_many = option.get_items_expected_max() > 1;
  return flag;
}

/// The options of an App itself: not those of the groups within it, which are Apps without a name.
std::vector<const CLI::Option*> own_options(const CLI::App& app) {
  std::vector<const CLI::Option*> all = app.get_options();
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* part) { return part->get_name().empty(); })) {
    const auto theirs = group->get_options();
    std::erase_if(all, [&theirs](const CLI::Option* option) {
      return std::find(theirs.begin(), theirs.end(), option) != theirs.end();
    });
  }
  std::erase_if(all, [](const CLI::Option* option) { return option->get_group().empty(); });
  return all;
}

void read_into(Command& command, const CLI::App& app, std::string title) {
  const bool is_group = app.get_name().empty() && app.get_parent() != nullptr;
  Group group{.title = std::move(title), .flags = {}};
  for (const CLI::Option* option : own_options(app)) {
    if (option->get_positional()) {
      command.positionals.push_back(read_flag(*option));
    } else if (!is_group || (option != app.get_help_ptr() && option != app.get_help_all_ptr())) {
      // Each group has a --help that nobody means.
      group.flags.push_back(read_flag(*option));
    }
  }
  if (!group.flags.empty()) command.groups.push_back(std::move(group));
}

}  // namespace

Command read_command(const CLI::App& app) {
  Command command{.name = app.get_parent() == nullptr ? "" : app.get_name(),
                  .description = app.get_description(),
                  .positionals = {},
                  .groups = {},
                  .footer = app.get_footer()};
  read_into(command, app, "Options");
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* part) { return part->get_name().empty(); })) {
    read_into(command, *group, group->get_group());
  }
  return command;
}

std::vector<Command> read_commands(const CLI::App& app) {
  std::vector<Command> commands{read_command(app)};
  const auto is_shown = [](const CLI::App* part) { return !part->get_name().empty() && !part->get_group().empty(); };
  for (const CLI::App* part : app.get_subcommands(is_shown)) {
    commands.push_back(read_command(*part));
  }
  return commands;
}

}  // namespace overlap::manual
