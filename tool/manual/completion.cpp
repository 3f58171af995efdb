#include "manual/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace overlap::manual {
namespace {

/// What may follow a flag, or stand for an argument.
struct Values {
  enum class Kind { nothing, files, directories, words, words_or_files, unknown };
  Kind kind = Kind::unknown;
  std::string_view words{};  ///< separated by spaces
};

Values values_of(const Flag& flag) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kWords{
      Pair{"--model", "inline threads loop processes"},
      Pair{"--models", "inline threads loop processes"},
      Pair{"--workload", "pages images api cpu sleep race"},
      Pair{"--to", "files null"},
      Pair{"--fsync", "none batch each"},
      Pair{"--progress", "auto bar plain json none"},
      Pair{"--format", "auto txt csv tsv jsonl"},
      Pair{"shell", "bash zsh fish"},
  };
  const bool takes_files = flag.value.find("FILE") != std::string::npos;
  for (const auto& [name, words] : kWords) {
    const bool is_named = std::ranges::find(flag.names, name) != flag.names.end();
    if (is_named) return {takes_files ? Values::Kind::words_or_files : Values::Kind::words, words};
  }
  if (flag.value.empty()) return {Values::Kind::nothing};
  if (flag.value == "N|auto") return {Values::Kind::words, "auto"};
  if (takes_files) return {Values::Kind::files};
  if (flag.value.find("DIR") != std::string::npos) return {Values::Kind::directories};
  return {};
}

std::vector<const Flag*> flags_of(const Command& command) {
  std::vector<const Flag*> flags;
  for (const Group& group : command.groups) {
    for (const Flag& flag : group.flags) flags.push_back(&flag);
  }
  return flags;
}

std::string names_of(const Command& command) {
  std::string words;
  for (const Flag* flag : flags_of(command))
    words += fmt::format("{}{}", words.empty() ? "" : " ", fmt::join(flag->names, " "));
  return words;
}

std::string names_of_commands(std::span<const Command> commands) {
  std::string words;
  for (const Command& command : commands.subspan(1)) words += (words.empty() ? "" : " ") + command.name;
  return words;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// Between single quotes of a POSIX shell.
std::string quoted(const std::string& text) { return '\'' + replaced(text, "'", "'\\''") + '\''; }

/// The words that a command's first argument is one of; empty: it is anything, such as a file.
std::string_view words_of_argument(const Command& command) {
  if (command.positionals.empty()) return {};
  const Values values = values_of(command.positionals.front());
  return values.kind == Values::Kind::words ? values.words : std::string_view{};
}

// One offer a line: between parentheses of an array, bash would split names at their blanks and take * for a pattern.

std::string bash_offer(std::string_view generators) { return fmt::format("mapfile -t COMPREPLY < <({})", generators); }

std::string bash_words(std::string_view words) {
  return fmt::format("compgen -W {} -- \"$cur\"", quoted(std::string(words)));
}

constexpr std::string_view kBashFiles = "compgen -f -- \"$cur\"";

std::string bash_action(const Values& values) {
  switch (values.kind) {
    case Values::Kind::words:
      return bash_offer(bash_words(values.words));
    case Values::Kind::words_or_files:
      return bash_offer(fmt::format("{}; {}", bash_words(values.words), kBashFiles));
    case Values::Kind::files:
      return bash_offer(kBashFiles);
    case Values::Kind::directories:
      return bash_offer("compgen -d -- \"$cur\"");
    case Values::Kind::nothing:
    case Values::Kind::unknown:
      break;
  }
  return ":";
}

/// The branches of a case that says what may follow a flag of a command.
std::string bash_values(const Command& command) {
  std::string text;
  for (const Flag* flag : flags_of(command)) {
    const Values values = values_of(*flag);
    if (values.kind == Values::Kind::nothing) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : flag->names) patterns.push_back(command.name + " " + name);
    text += fmt::format("    '{}') {}; return ;;\n", fmt::join(patterns, "' | '"), bash_action(values));
  }
  return text;
}

std::string zsh_action(const Flag& flag) {
  const Values values = values_of(flag);
  switch (values.kind) {
    case Values::Kind::nothing:
      return {};
    case Values::Kind::words:
      return fmt::format(":{}:({})", flag.value, values.words);
    case Values::Kind::words_or_files:
      return fmt::format(":{}: _overlap_words_or_files {}", flag.value, values.words);
    case Values::Kind::files:
      return fmt::format(":{}:_files", flag.value);
    case Values::Kind::directories:
      return fmt::format(":{}:_files -/", flag.value);
    case Values::Kind::unknown:
      break;
  }
  return fmt::format(":{}: ", flag.value);
}

/// Colons and brackets mean something in the words of _arguments.
std::string zsh_text(std::string text) {
  text = replaced(std::move(text), "\\", "\\\\");
  for (const char* const special : {"[", "]", ":"})
    text = replaced(std::move(text), special, std::string("\\") + special);
  return text;
}

std::string zsh_flags(const Command& command) {
  std::string text;
  for (const Flag* flag : flags_of(command)) {
    for (const std::string& name : flag->names) {
      text += fmt::format(" \\\n        {}",
                          quoted(fmt::format("*{}[{}]{}", name, zsh_text(flag->description), zsh_action(*flag))));
    }
  }
  return text;
}

std::string fish_line(const Command& command, const Flag& flag) {
  const std::string condition =
      command.name.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + command.name;
  std::string line = fmt::format("complete -c overlap -n {}", quoted(condition));
  for (const std::string& name : flag.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  const Values values = values_of(flag);
  if (values.kind == Values::Kind::words) line += fmt::format(" -x -a {}", quoted(std::string(values.words)));
  if (values.kind == Values::Kind::words_or_files)
    line += fmt::format(" -r -F -a {}", quoted(std::string(values.words)));
  if (values.kind == Values::Kind::files) line += " -r -F";
  if (values.kind == Values::Kind::directories) line += " -x -a '(__fish_complete_directories)'";
  if (values.kind == Values::Kind::unknown) line += " -x";
  // In fish a backslash escapes between single quotes too.
  const std::string text = replaced(replaced(flag.description, "\\", "\\\\"), "'", "\\'");
  return line + fmt::format(" -d '{}'\n", text);
}

}  // namespace

std::string bash_completion(std::span<const Command> commands) {
  std::string text =
      "# Completion of overlap for bash.\n"
      "_overlap() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev='' command='' i\n"
      "  COMPREPLY=()\n"
      "  cur=${cur//\\\\/}\n"  // as typed, the blanks of a name are escaped, or it begins with a quote
      "  cur=${cur#[\\\"\\']}\n"
      "  if ((COMP_CWORD > 0)); then prev=${COMP_WORDS[COMP_CWORD - 1]}; fi\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi\n"
      "  done\n"
      "  case \"$command $prev\" in\n";
  for (const Command& command : commands) text += bash_values(command);
  text += "  esac\n  case $command in\n";
  text += fmt::format("    '') {}; return ;;\n",
                      bash_offer(bash_words(names_of_commands(commands) + ' ' + names_of(commands.front()))));
  for (const Command& command : commands.subspan(1)) {
    text += fmt::format("    {}) if [[ $cur == -* ]]; then {}; return; fi", command.name,
                        bash_offer(bash_words(names_of(command))));
    const std::string_view words = words_of_argument(command);
    text += words.empty() ? " ;;\n" : fmt::format("\n      {}; return ;;\n", bash_offer(bash_words(words)));
  }
  return text + "  esac\n  " + bash_offer(kBashFiles) + "\n}\ncomplete -o filenames -F _overlap overlap\n";
}

std::string zsh_completion(std::span<const Command> commands) {
  std::string text =
      "#compdef overlap\n"
      "# Completion of overlap for zsh.\n"
      "_overlap_words_or_files() { _alternative \"words:word:($*)\" 'files:file:_files' }\n"
      "_overlap() {\n"
      "  local context state state_descr line\n"
      "  typeset -A opt_args\n";
  text += fmt::format("  _arguments -C{} \\\n        '1: :->command' '*:: :->rest'\n", zsh_flags(commands.front()));
  text += "  case $state in\n    command)\n      local -a commands=(";
  for (const Command& command : commands.subspan(1)) {
    text += "\n        " + quoted(command.name + ":" + replaced(command.description, ":", "\\:"));
  }
  text += ")\n      _describe command commands\n      ;;\n    rest)\n      case $line[1] in\n";
  for (const Command& command : commands.subspan(1)) {
    const std::string_view words = words_of_argument(command);
    const std::string argument = words.empty() ? "*:file:_files" : fmt::format("1:word:({})", words);
    text += fmt::format("      {}) _arguments{} \\\n        '{}' ;;\n", command.name, zsh_flags(command), argument);
  }
  return text +
         "      esac\n      ;;\n  esac\n}\n"
         "if [[ $funcstack[1] == _overlap ]]; then _overlap \"$@\"; else compdef _overlap overlap; fi\n";
}

std::string fish_completion(std::span<const Command> commands) {
  std::string text = "# Completion of overlap for fish.\n";
  for (const Command& command : commands.subspan(1)) {
    const std::string about = replaced(replaced(command.description, "\\", "\\\\"), "'", "\\'");
    text += fmt::format("complete -c overlap -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name, about);
  }
  for (const Command& command : commands) {
    for (const Flag* flag : flags_of(command)) text += fish_line(command, *flag);
    if (const std::string_view words = words_of_argument(command); !words.empty()) {
      text += fmt::format("complete -c overlap -n '__fish_seen_subcommand_from {}' -f -a '{}'\n", command.name, words);
    }
  }
  return text;
}

}  // namespace overlap::manual
