#include "app.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "cli/settings.hpp"
#include "compare/compare_command.hpp"
#include "get/get_command.hpp"
#include "manual/help.hpp"
#include "manual/manual_command.hpp"
#include "serve/serve_command.hpp"
#include "status/status_command.hpp"
#include "verify/verify_command.hpp"

namespace overlap {
namespace {

constexpr int kUsage = 2;

constexpr const char* kExamples =
    "Examples:\n"
    "  overlap get -i urls.txt -P out           fetch a list into a directory\n"
    "  overlap get -i - --json < urls.txt       a list from a pipe, a summary for programs\n"
    "  overlap status out                       what became of it; verify: whether it is still what was fetched\n"
    "  overlap compare --workload pages         the same job under every model, measured\n"
    "  overlap serve --latency 50ms             a local origin to try things on\n";

// "-nc" is what wget's users type; the parser knows one-letter flags only and would read it as -n -c.
std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "-nc") argument = "--no-clobber";
  }
  std::ranges::reverse(arguments);  // the order that CLI11 takes a vector in
  return arguments;
}

void add_commands(CLI::App& app, int& exit_code) {
  app.require_subcommand(0, 1);
  manual::set_help(app);
  app.set_version_flag("--version,-V", "overlap " OVERLAP_VERSION, "Print the version");
  app.footer(kExamples);
  get::add_get_command(app, exit_code);
  compare::add_compare_command(app, exit_code);
  status::add_status_command(app, exit_code);
  verify::add_verify_command(app, exit_code);
  serve::add_serve_command(app, exit_code);
  manual::add_manual_commands(app, exit_code);
  for (CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    command->parse_complete_callback([command] { cli::apply_settings(*command); });
  }
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  CLI::App app("Runs independent work at the same time: fetches lists of URLs, and compares the models of execution.",
               "overlap");
  int exit_code = 0;
  add_commands(app, exit_code);
  try {
    app.parse(arguments_of(argc, argv));
    if (app.get_subcommands().empty()) {
      fmt::print(stderr, "{}", app.help());
      return kUsage;
    }
    return exit_code;
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "overlap: {}\nTry 'overlap --help' or 'overlap COMMAND --help'.\n",
               cli::escape_for_terminal(error.what()));
    return kUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "overlap: {}\n", cli::escape_for_terminal(error.what()));
    return 1;
  }
}

}  // namespace overlap
