#include "manual/manual_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "cli/escape.hpp"
#include "cli/result_stream.hpp"
#include "manual/completion.hpp"
#include "manual/man_page.hpp"

namespace overlap::manual {
namespace {

constexpr int kDisk = 3;

int print_completion(const CLI::App& app, const std::string& shell) {
  const auto commands = read_commands(app);
  const std::string script = shell == "bash"  ? bash_completion(commands)
                             : shell == "zsh" ? zsh_completion(commands)
                                              : fish_completion(commands);
  cli::ResultStream out;
  out.write(script);
  const auto printed = out.finish();
  if (printed) return 0;
  fmt::print(stderr, "overlap completion: {}\n", printed.error());
  return kDisk;
}

/// Makes the folder too. Throws std::filesystem::filesystem_error or std::runtime_error.
void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

int write_manual(const CLI::App& app, const std::string& directory) {
  try {
    const std::filesystem::path share = directory;
    const auto commands = read_commands(app);
    // The names that these shells look for.
    write_file(share / "bash-completion/completions/overlap", bash_completion(commands));
    write_file(share / "zsh/site-functions/_overlap", zsh_completion(commands));
    write_file(share / "fish/vendor_completions.d/overlap.fish", fish_completion(commands));
    for (const Command& command : commands) {
      write_file(share / "man/man1" / man_page_name(command), man_page(command, commands));
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "overlap manual: {}\n", cli::escape_for_terminal(error.what()));
    return kDisk;
  }
}

}  // namespace

void add_manual_commands(CLI::App& app, int& exit_code) {
  CLI::App& completion =
      *app.add_subcommand("completion", "Print a script that completes commands and flags in a shell");
  const auto shell = std::make_shared<std::string>();
  completion.add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion.footer(
      "Examples:\n"
      "  source <(overlap completion bash)\n"
      "  source <(overlap completion zsh)\n"
      "  overlap completion fish | source\n");
  completion.callback([&app, &exit_code, shell] { exit_code = print_completion(app, *shell); });

  CLI::App& manual = *app.add_subcommand("manual", "Write manual pages and completions; used by the build");
  manual.group("");  // not in the help
  const auto directory = std::make_shared<std::string>();
  manual.add_option("directory", *directory, "Where share/ is to be")->required();
  manual.callback([&app, &exit_code, directory] { exit_code = write_manual(app, *directory); });
}

}  // namespace overlap::manual
