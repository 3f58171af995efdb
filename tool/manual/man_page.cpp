#include "manual/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace overlap::manual {
namespace {

/// A backslash begins a command of roff and "-" is a hyphen unless it is escaped.
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// Lines as they stand. A dot or an apostrophe at the beginning of a line would be a request.
std::string verbatim(std::string_view text) {
  std::string lines = ".nf\n";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line = escape(text.substr(0, end));
    if (line.starts_with('.') || line.starts_with('\'')) lines += "\\&";
    lines += line + '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + ".fi\n";
}

std::string paragraph(std::string_view text) {
  const std::string line = escape(text);
  return (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + line + '\n';
}

std::string title_of(const Command& command) {
  return command.name.empty() ? std::string("overlap") : "overlap-" + command.name;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string flag_entry(const Flag& flag) {
  std::string entry = ".TP\n";
  for (std::size_t i = 0; i < flag.names.size(); ++i) {
    entry += fmt::format("{}\\fB{}\\fR", i == 0 ? "" : ", ", escape(flag.names[i]));
  }
  if (!flag.value.empty()) entry += fmt::format(" \\fI{}\\fR", escape(flag.value));
  std::string text = flag.description;
  if (!flag.default_value.empty()) text += fmt::format(" (default: {})", flag.default_value);
  entry += '\n' + paragraph(text.empty() ? "-" : text);
  return entry;
}

std::string synopsis(const Command& command) {
  if (command.name.empty()) return ".B overlap\n\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n";
  std::string text = fmt::format(".B overlap {}\n[\\fIOPTION\\fR]...", escape(command.name));
  for (const Flag& positional : command.positionals)
    text += fmt::format(" [\\fI{}\\fR]", escape(positional.names.front()));
  return text + '\n';
}

std::string commands_section(std::span<const Command> all) {
  std::string text = ".SH COMMANDS\n";
  for (const Command& command : all) {
    if (command.name.empty()) continue;
    text += fmt::format(".TP\n\\fB{}\\fR\n{}", escape(command.name), paragraph(command.description));
  }
  return text;
}

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n0\nEverything that was wanted was done.\n"
    ".TP\n1\nSome items failed.\n"
    ".TP\n2\nThe command line is wrong, or an input cannot be read.\n"
    ".TP\n3\nThe local disk cannot be written.\n"
    ".TP\n130, 143\nInterrupted by SIGINT or SIGTERM.\n";

constexpr std::string_view kSettings =
    ".SH ENVIRONMENT\n"
    "A flag that is not given is taken from the variable of its name, such as\n"
    "\\fBOVERLAP_MAX_PER_HOST\\fR for \\fB\\-\\-max\\-per\\-host\\fR, then from the files below.\n"
    ".SH FILES\n"
    ".TP\n\\fBoverlap.toml\\fR\nSettings of a project, in the current directory: TOML, a table for each command,\n"
    "keys named like the long flags.\n"
    ".TP\n\\fB$XDG_CONFIG_HOME/overlap/config.toml\\fR, or \\fB~/.config/overlap/config.toml\\fR\n"
    "The same for a user.\n";

std::string see_also(const Command& command, std::span<const Command> all) {
  std::string text = ".SH SEE ALSO\n";
  bool is_first = true;
  for (const Command& other : all) {
    if (other.name == command.name) continue;
    text += fmt::format("{}\\fB{}\\fR(1)", is_first ? "" : ",\n", escape(title_of(other)));
    is_first = false;
  }
  return text + '\n';
}

}  // namespace

std::string man_page_name(const Command& command) { return title_of(command) + ".1"; }

std::string man_page(const Command& command, std::span<const Command> all) {
  const std::string title = title_of(command);
  std::string text = fmt::format(".TH {} 1 \"\" \"overlap {}\" \"Overlap\"\n", upper(escape(title)), OVERLAP_VERSION);
  text += ".nh\n.ad l\n";  // no hyphen that is not part of a name, no gaps in narrow columns
  text += fmt::format(".SH NAME\n{} \\- {}", escape(title), paragraph(command.description));
  text += ".SH SYNOPSIS\n" + synopsis(command);
  if (command.name.empty()) text += commands_section(all);
  if (!command.positionals.empty()) text += ".SH ARGUMENTS\n";
  for (const Flag& positional : command.positionals) text += flag_entry(positional);
  if (!command.groups.empty()) text += ".SH OPTIONS\n";
  for (const Group& group : command.groups) {
    if (command.groups.size() > 1) text += fmt::format(".SS {}\n", escape(group.title));
    for (const Flag& flag : group.flags) text += flag_entry(flag);
  }
  text += kExitStatus;
  text += kSettings;
  if (!command.footer.empty()) text += ".SH NOTES\n" + verbatim(command.footer);
  return text + see_also(command, all);
}

}  // namespace overlap::manual
