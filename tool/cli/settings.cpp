#include "cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include <toml++/toml.h>

#include "cli/input_file.hpp"

namespace overlap::cli {
namespace {

/// A value and where it stands, for messages.
struct Setting {
  std::vector<std::string> values;
  std::string where;
};

using Options = std::map<std::string, CLI::Option*, std::less<>>;

[[noreturn]] void refuse(const std::string& where, const std::string& why) { throw CLI::ValidationError(where, why); }

// The groups of a command's options are Apps without a name.
void collect(CLI::App& app, Options& options) {
  for (CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name != "help" && name != "version") options.emplace(name, option);
    }
  }
  for (CLI::App* const group : app.get_subcommands([](const CLI::App* part) { return part->get_name().empty(); })) {
    collect(*group, options);
  }
}

std::string variable_of(std::string_view flag) {
  std::string name = "OVERLAP_";
  for (const unsigned char c : flag) name += c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::optional<bool> truth(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* const yes : {"1", "true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (const char* const no : {"", "0", "false", "no", "off"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

void set(CLI::Option& option, const Setting& setting) {
  if (is_flag(option)) {
    const auto is_on = setting.values.size() == 1 ? truth(setting.values.front()) : std::nullopt;
    if (!is_on) refuse(setting.where, "must be true or false");
    if (!*is_on) return;
    option.add_result("true");
  } else {
    if (setting.values.empty()) return;
    if (setting.values.size() > 1 && option.get_items_expected_max() == 1) refuse(setting.where, "takes one value");
    option.add_result(setting.values);
  }
  try {
    option.run_callback();
  } catch (const CLI::Error& error) {
    refuse(setting.where, error.what());
  }
}

// ---- The environment

void apply_environment(const Options& options) {
  for (const auto& [name, option] : options) {
    if (option->count() > 0) continue;
    const std::string variable = variable_of(name);
    if (const char* const value = std::getenv(variable.c_str()); value != nullptr) set(*option, {{value}, variable});
  }
}

// ---- Files

std::string place(const std::string& path, const toml::source_region& source) {
  return fmt::format("{}:{}", path, source.begin.line);
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const number = node.as_integer()) return std::to_string(number->get());
  if (const auto* const number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* const truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

std::vector<std::string> values_of(const toml::node& node, const std::string& where) {
  std::vector<std::string> values;
  const auto add = [&](const toml::node& one) {
    auto text = text_of(one);
    if (!text) refuse(where, "must be a text, a number, true or false, or a list of such");
    values.push_back(*std::move(text));
  };
  if (const auto* const list = node.as_array()) {
    for (const toml::node& one : *list) add(one);
  } else {
    add(node);
  }
  return values;
}

void apply_table(const toml::table& table, const std::string& path, const std::string& command,
                 const Options& options) {
  for (const auto& [key, node] : table) {
    const std::string where = fmt::format("{}: {}", place(path, key.source()), key.str());
    const auto found = options.find(key.str());
    if (found == options.end()) refuse(where, fmt::format("overlap {} has no flag of this name", command));
    if (found->second->count() == 0) set(*found->second, {values_of(node, where), where});
  }
}

const CLI::App* command_named(const CLI::App& app, std::string_view name) {
  const auto found = app.get_subcommands(
      [name](const CLI::App* part) { return part->get_name() == name && !part->get_group().empty(); });
  return found.empty() ? nullptr : found.front();
}

void apply_file(const std::string& path, const CLI::App& command, const Options& options) {
  const auto text = read_file(path);
  if (!text && text.error().code == ENOENT) return;
  if (!text) refuse("settings", text.error().message);
  toml::table tables;
  try {
    tables = toml::parse(*text, path);
  } catch (const toml::parse_error& error) {
    refuse(place(path, error.source()), std::string(error.description()));
  }
  for (const auto& [key, node] : tables) {
    const std::string where = fmt::format("{}: {}", place(path, key.source()), key.str());
    const CLI::App* const named = command_named(*command.get_parent(), key.str());
    const auto* const table = node.as_table();
    if (named == nullptr || table == nullptr) refuse(where, "is no command; flags stand below one, such as [get]");
    if (named == &command) apply_table(*table, path, command.get_name(), options);
  }
}

}  // namespace

std::vector<std::string> settings_files() {
  std::vector<std::string> files{"overlap.toml"};
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  // The specification of base directories has paths that are not absolute ignored.
  if (config != nullptr && *config == '/') {
    files.push_back(std::string(config) + "/overlap/config.toml");
  } else if (home != nullptr && *home == '/') {
    files.push_back(std::string(home) + "/.config/overlap/config.toml");
  }
  return files;
}

void apply_settings(CLI::App& command, const std::vector<std::string>& files) {
  Options options;
  collect(command, options);
  apply_environment(options);
  for (const std::string& file : files) apply_file(file, command, options);
}

}  // namespace overlap::cli
