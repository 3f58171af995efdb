#include "manual/help.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "cli/wrap.hpp"

namespace overlap::manual {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kTextAt = 30;  // the column of the descriptions

/// The flags of the commands that have too many to read them all.
constexpr std::array kOfGet = std::to_array<std::string_view>(
    {"--input-file", "--directory-prefix", "--output", "--model", "--max-concurrent", "--max-per-host", "--rate",
     "--limit-rate", "--retry", "--max-time", "--retry-failed", "--timestamping", "--header", "--dry-run", "--log",
     "--json", "--quiet", "--verbose"});

bool is_brief(const Command& command, const Flag& flag) {
  if (command.name != "get") return true;
  return std::ranges::any_of(flag.names, [](const std::string& name) {
    return name == "-h" || std::ranges::find(kOfGet, name) != kOfGet.end();
  });
}

/// `left`, and the text beside it, in lines; below it where `left` is too long.
std::string entry(const std::string& left, std::string_view text) {
  std::string lines = "  " + left;
  if (lines.size() + 2 > kTextAt) {
    lines += '\n' + std::string(kTextAt, ' ');
  } else {
    lines.resize(kTextAt, ' ');
  }
  for (const char c : cli::wrapped(text, kWidth - kTextAt)) {
    lines += c;
    if (c == '\n') lines.append(kTextAt, ' ');
  }
  return lines + '\n';
}

std::string flag_entry(const Flag& flag) {
  std::string left;
  if (flag.names.front().starts_with("--")) left = "    ";  // below the long names of those that have a short one
  for (const std::string& name : flag.names) left += (left.empty() || left.ends_with(' ') ? "" : ", ") + name;
  if (!flag.value.empty()) left += ' ' + flag.value;
  std::string text = flag.description;
  if (!flag.default_value.empty()) text += fmt::format(" [{}]", flag.default_value);
  return entry(left, text);
}

std::string usage(const Command& command) {
  if (command.name.empty()) return "Usage: overlap COMMAND [OPTION]...\n";
  std::string line = fmt::format("Usage: overlap {} [OPTION]...", command.name);
  for (const Flag& positional : command.positionals)
    line += fmt::format(" [{}]{}", positional.names.front(), positional.takes_many ? "..." : "");
  return line + '\n';
}

std::string groups_text(const Command& command, HelpLength length) {
  if (length == HelpLength::full || command.name != "get") {
    std::string text;
    for (const Group& group : command.groups) {
      text += fmt::format("\n{}:\n", group.title);
      for (const Flag& flag : group.flags) text += flag_entry(flag);
    }
    return text;
  }
  std::string text = "\nThe flags that most need:\n";
  for (const Group& group : command.groups) {
    for (const Flag& flag : group.flags) text += is_brief(command, flag) ? flag_entry(flag) : "";
  }
  return text + fmt::format("\nAll of them: overlap {0} --help, man overlap-{0}\n", command.name);
}

std::string commands_text(const CLI::App& app) {
  std::string text = "\nCommands:\n";
  for (const Command& command : read_commands(app)) {
    if (!command.name.empty()) text += entry(command.name, command.description);
  }
  return text + "\n'overlap COMMAND -h' says more about a command.\n";
}

/// Asked by the parser for a help that is to be printed.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode mode) const override {
    const bool is_full = mode == CLI::AppFormatMode::All;
    const std::string text = help_text(read_command(*app), is_full ? HelpLength::full : HelpLength::brief);
    return app->get_parent() == nullptr ? text + commands_text(*app) : text;
  }
};

}  // namespace

std::pair<std::string, std::string> split_examples(const std::string& footer) {
  const std::size_t begin = footer.find("Examples:\n");
  if (begin == std::string::npos) return {"", footer};
  const std::size_t blank = footer.find("\n\n", begin);
  const std::size_t end = blank == std::string::npos ? footer.size() : blank + 1;
  std::string rest = footer.substr(0, begin) + footer.substr(std::min(end + 1, footer.size()));
  while (rest.ends_with("\n\n")) rest.pop_back();
  return {footer.substr(begin, end - begin), std::move(rest)};
}

std::string help_text(const Command& command, HelpLength length) {
  const auto [examples, rest] = split_examples(command.footer);
  std::string text = fmt::format("{}\n\n{}", command.description, usage(command));
  if (!examples.empty()) text += '\n' + examples;
  if (!command.positionals.empty()) text += "\nArguments:\n";
  for (const Flag& positional : command.positionals) text += entry(positional.names.front(), positional.description);
  text += groups_text(command, length);
  if (!rest.empty()) text += '\n' + rest;
  return text;
}

void set_help(CLI::App& app) {
  app.set_help_flag("-h", "Help in brief");
  app.set_help_all_flag("--help", "Help with all flags");
  app.formatter(std::make_shared<HelpFormatter>());
}

}  // namespace overlap::manual
