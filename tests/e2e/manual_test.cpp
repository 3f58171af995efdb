// The manual pages and the completions: that they are whole, and that the shells take them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "e2e/get_program.hpp"

namespace overlap {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing_support::overlap_program;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

const std::vector<std::string> kCommands{"get", "compare", "status", "verify", "serve", "completion"};

/// Every flag that stands at the beginning of a line of the help.
std::set<std::string> flags_in_help(const std::string& command) {
  const std::string help = overlap_program({command, "--help"}).out;
  static const std::regex line("\n *(-[-\\w.,]+)");
  static const std::regex flag("--?[a-zA-Z0-9][-\\w.]*");
  std::set<std::string> flags;
  for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at) {
    const std::string names = (*at)[1];
    for (std::sregex_iterator name(names.begin(), names.end(), flag); name != end; ++name) flags.insert(name->str());
  }
  return flags;
}

/// What `overlap manual` writes, as an installation has it below share/.
class Share {
 public:
  Share() { EXPECT_EQ(overlap_program({"manual", directory_.path()}).exit_code, 0); }
  std::string read(const std::string& name) const { return directory_.read(name); }
  std::string file(const std::string& name) const { return directory_.file(name); }

 private:
  const TemporaryDirectory directory_;
};

std::string without_escapes(const std::string& roff) { return std::regex_replace(roff, std::regex("\\\\-"), "-"); }

/// A program of the system's, found as a shell finds it.
ProgramResult shell(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/env");
  return run_program(arguments, {});
}

TEST(ManPage, OfEachCommandHasEveryFlagOfItsHelp) {
  const Share share;
  for (const std::string& command : kCommands) {
    const std::string page = without_escapes(share.read("man/man1/overlap-" + command + ".1"));
    const auto flags = flags_in_help(command);
    EXPECT_TRUE(flags.contains("--help")) << command;
    for (const std::string& flag : flags) EXPECT_THAT(page, HasSubstr("\\fB" + flag + "\\fR")) << command;
  }
  EXPECT_GT(flags_in_help("get").size(), 30U);
}

TEST(ManPage, OfTheProgramNamesItsCommands) {
  const std::string page = without_escapes(Share().read("man/man1/overlap.1"));
  for (const std::string& command : kCommands) {
    EXPECT_THAT(page, AllOf(HasSubstr("\\fB" + command + "\\fR"), HasSubstr("\\fBoverlap-" + command + "\\fR(1)")));
  }
  EXPECT_THAT(page, Not(HasSubstr("compare-run")));
}

TEST(ManPage, IsRightInTheEyesOfMandoc) {
  const Share share;
  for (const std::string& command : kCommands) {
    const ProgramResult lint =
        shell({"mandoc", "-T", "lint", "-W", "error", share.file("man/man1/overlap-" + command + ".1")});
    EXPECT_EQ(lint.exit_code, 0) << lint.out << lint.err;
    const ProgramResult text = shell({"mandoc", "-T", "ascii", share.file("man/man1/overlap-" + command + ".1")});
    const std::string plain = std::regex_replace(text.out, std::regex(".\b"), "");  // bold is printed twice
    EXPECT_THAT(plain, AllOf(HasSubstr("SYNOPSIS"), HasSubstr("EXIT STATUS")));
  }
}

TEST(Completion, HasEveryFlagOfTheHelpInEveryShell) {
  const Share share;
  const std::string bash = share.read("bash-completion/completions/overlap");
  const std::string zsh = share.read("zsh/site-functions/_overlap");
  const std::string fish = share.read("fish/vendor_completions.d/overlap.fish");
  for (const std::string& command : kCommands) {
    for (const std::string& flag : flags_in_help(command)) {
      EXPECT_THAT(bash, HasSubstr(flag)) << command;
      EXPECT_THAT(zsh, HasSubstr("*" + flag + "[")) << command;
      EXPECT_THAT(fish, HasSubstr(flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1)))
          << command;
    }
  }
}

/// What bash offers for the last of these words, printed by that command.
std::string bash_offers(const std::string& words, int index, const std::string& print = "echo \"${COMPREPLY[*]}\"") {
  const std::string script = "source <('" + program() + "' completion bash); COMP_WORDS=(" + words +
                             "); COMP_CWORD=" + std::to_string(index) + "; _overlap; " + print;
  const ProgramResult result = shell({"bash", "-c", script});
  EXPECT_THAT(result.err, IsEmpty());
  return result.out;
}

std::string fish_offers(const std::string& line) {
  return shell(
             {"fish", "--no-config", "-c", "'" + program() + "' completion fish | source; complete -C '" + line + "'"})
      .out;
}

/// What stands on the command line of a zsh, on a terminal, after somebody typed this and the tab key; above it what
/// there was to choose from.
std::string zsh_offers(const Share& share, const std::string& typed) {
  static constexpr const char* kScript = R"ZSH(
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= ; stty columns 200; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'tell() { print -r -- "<<$BUFFER>>" }; zle -N tell; bindkey "^X" tell; echo rea""dy'
zpty -r shell seen '*ready*'
zpty -w -n shell "$2"$'\t\x18'  # keys are taken in order: what is told is what the tab has made
zpty -r shell seen '*<<*>>*'
print -r -- "$seen"
zpty -d shell
)ZSH";
  return shell({"zsh", "-f", "-c", kScript, "zsh", share.file("zsh/site-functions"), typed}).out;
}

TEST(Completion, OfBashOffersCommandsFlagsAndValues) {
  EXPECT_EQ(bash_offers("overlap co", 1), "compare completion\n");
  EXPECT_EQ(bash_offers("overlap get --max-c", 2), "--max-concurrent\n");
  EXPECT_EQ(bash_offers("overlap get --model pro", 3), "processes\n");
  EXPECT_EQ(bash_offers("overlap get -j a", 3), "auto\n");
  EXPECT_THAT(bash_offers("overlap compare --workload ''", 3), StartsWith("pages images api cpu sleep race"));
  EXPECT_EQ(bash_offers("overlap compare --models l", 3), "loop\n");
  EXPECT_EQ(bash_offers("overlap completion ''", 2), "bash zsh fish\n");
  EXPECT_EQ(bash_offers("overlap compare --html /etc/host", 3).substr(0, 9), "/etc/host");
  EXPECT_EQ(bash_offers("overlap compare --no-such", 2), "\n");
}

TEST(Completion, OffersFilesBesideTheNamesOfWorkloads) {
  const TemporaryDirectory directory;
  directory.write("page-urls.txt", "");
  const std::string typed = "overlap compare --workload " + directory.file("page");
  EXPECT_EQ(bash_offers(typed, 3), directory.file("page-urls.txt\n"));
  EXPECT_THAT(fish_offers(typed), HasSubstr("page-urls.txt"));
  EXPECT_THAT(fish_offers("overlap compare --workload pag"), HasSubstr("pages"));
  const Share share;
  EXPECT_THAT(zsh_offers(share, typed), HasSubstr("<<" + typed + "-urls.txt"));
  EXPECT_THAT(zsh_offers(share, "overlap compare --workload slee"), HasSubstr("<<overlap compare --workload sleep >>"));
}

TEST(Completion, OfTheNameOfAShellOffersNoFiles) {
  EXPECT_EQ(bash_offers("overlap completion /etc/host", 2), "\n");
  EXPECT_THAT(fish_offers("overlap completion z"), StartsWith("zsh"));
  EXPECT_THAT(fish_offers("overlap completion /etc/host"), Not(HasSubstr("hostname")));
  const Share share;
  EXPECT_THAT(zsh_offers(share, "overlap completion z"), HasSubstr("<<overlap completion zsh"));
  EXPECT_THAT(zsh_offers(share, "overlap completion /etc/hostn"), HasSubstr("<<overlap completion /etc/hostn>>"));
}

TEST(Completion, OfBashKeepsNamesWithBlanksAndStarsWhole) {
  const TemporaryDirectory directory;
  directory.write("a b c.txt", "");
  directory.write("a *.txt", "");
  const std::string offers =
      bash_offers("overlap get -i " + directory.file("a"), 3, "printf '<%s>' \"${COMPREPLY[@]}\"");
  EXPECT_THAT(offers,
              AllOf(HasSubstr("<" + directory.file("a b c.txt>")), HasSubstr("<" + directory.file("a *.txt>"))));
  EXPECT_EQ(bash_offers("overlap get -i '" + directory.file("a\\ b") + "'", 3), directory.file("a b c.txt\n"));
}

TEST(Completion, OfBashIsRegistered) {
  const ProgramResult result =
      shell({"bash", "-c", "source <('" + program() + "' completion bash); complete -p overlap"});
  EXPECT_THAT(result.out, HasSubstr("-F _overlap overlap"));
}

TEST(Completion, OfFishOffersCommandsFlagsAndValues) {
  EXPECT_THAT(fish_offers("overlap comp"), AllOf(HasSubstr("compare\t"), HasSubstr("completion\t")));
  EXPECT_THAT(fish_offers("overlap get --max-c"), HasSubstr("--max-concurrent\t"));
  EXPECT_THAT(fish_offers("overlap get --model pro"), HasSubstr("processes"));
}

TEST(Completion, OfZshOffersCommandsFlagsAndValues) {
  const Share share;
  EXPECT_THAT(zsh_offers(share, "overlap comp"),
              AllOf(HasSubstr("compare "), HasSubstr("completion "), HasSubstr("<<overlap comp>>")));
  EXPECT_THAT(zsh_offers(share, "overlap comple"), HasSubstr("<<overlap completion >>"));
  EXPECT_THAT(zsh_offers(share, "overlap get --max-c"), HasSubstr("<<overlap get --max-concurrent >>"));
  EXPECT_THAT(zsh_offers(share, "overlap get --model pro"), HasSubstr("<<overlap get --model processes >>"));
  EXPECT_THAT(zsh_offers(share, "overlap get -i /etc/host"), HasSubstr("<<overlap get -i /etc/host"));
  EXPECT_THAT(zsh_offers(share, "overlap get --no-such"), HasSubstr("<<overlap get --no-such>>"));
}

TEST(Completion, OfZshIsRead) {
  const Share share;
  const std::string file = share.file("zsh/site-functions/_overlap");
  const ProgramResult syntax = shell({"zsh", "-n", file});
  EXPECT_EQ(syntax.exit_code, 0) << syntax.err;
  const ProgramResult loaded =
      shell({"zsh", "-f", "-c", "autoload -Uz compinit; compinit -D -u; source " + file + "; echo $_comps[overlap]"});
  EXPECT_EQ(loaded.out, "_overlap\n") << loaded.err;
}

TEST(Completion, OfAnUnknownShellExitsWithTwo) { EXPECT_EQ(overlap_program({"completion", "tcsh"}).exit_code, 2); }

TEST(Manual, WhereNothingCanBeWrittenExitsWithThree) {
  const ProgramResult result = overlap_program({"manual", "/dev/null/share"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("/dev/null/share"));
}

}  // namespace
}  // namespace overlap
