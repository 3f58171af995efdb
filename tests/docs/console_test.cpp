// The commands on the pages of the documentation: that they can be run, and print what the pages say.
#include "docs/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "docs/console_run.hpp"

namespace overlap::docs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All pages with commands, by their path from the root of the source tree.
std::vector<std::string> pages_with_commands() {
  const std::filesystem::path root = OVERLAP_SOURCE_DIR;
  std::vector<std::filesystem::path> files{root / "README.md", root / "CONTRIBUTING.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs")) files.push_back(entry.path());
  std::vector<std::string> pages;
  for (const auto& file : files) {
    if (file.extension() != ".md" || read_file(file).find("\n```console\n") == std::string::npos) continue;
    pages.push_back(file.lexically_relative(root).string());
  }
  std::ranges::sort(pages);
  return pages;
}

class ConsolePage : public testing::TestWithParam<std::string> {};

TEST_P(ConsolePage, DoesWhatItSays) {
  const std::string& name = GetParam();
  const Page page = read_page(read_file(std::filesystem::path(OVERLAP_SOURCE_DIR) / name));
  for (const Block& block : page.blocks) {
    if (!block.why_not_run.empty()) {
      std::printf("%s:%zu is not run: %s\n", name.c_str(), block.line, block.why_not_run.c_str());
    }
  }
  const std::string stem = std::filesystem::path(name).stem().string();
  const auto outcomes = run_page(page, {.program = OVERLAP_PROGRAM_DIR, .programs = OVERLAP_DOCS_PROGRAMS "/" + stem});
  const auto steps = steps_to_run(page);
  ASSERT_EQ(outcomes.size(), steps.size()) << "the shell ended early";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& [block, step] = steps[i];
    const std::string where = name + ":" + std::to_string(step->line) + ": " + step->command + "\n";
    if (step->is_shown) {
      EXPECT_EQ(difference(*block, step->expected, outcomes[i].output), "") << where << outcomes[i].output;
    } else {
      EXPECT_EQ(outcomes[i].exit_code, 0) << where << outcomes[i].output;
    }
  }
  for (const Source& source : page.sources) {
    EXPECT_TRUE(std::ranges::any_of(
        steps, [&source](const RunStep& run) { return run.step->command.find(source.name) != std::string::npos; }))
        << name << ": no command runs " << source.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Docs, ConsolePage, testing::ValuesIn(pages_with_commands()), [](const auto& param) {
  std::string name = std::filesystem::path(param.param).stem().string();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

TEST(ConsolePages, AreFoundWhereTheyAre) {
  const auto pages = pages_with_commands();
  for (const char* const page :
       {"README.md", "docs/tutorial.md", "docs/compare.md", "docs/lists.md", "docs/manifest.md"}) {
    EXPECT_THAT(pages, testing::Contains(page));
  }
}

constexpr const char* kPage = R"(Text
<!-- console
before: cat >list <<END
  one
  END
measured: 219
-->
```console
$ overlap get \
> -i list
219 a second
...
$ echo $?
0
```
<!-- console
not run: needs the world
-->
```console
$ reboot
```
<!-- source: race.cpp -->
```cpp
int main() {}
```
)";

TEST(ConsoleBlocks, AreReadWithWhatTheirCommentsSay) {
  const Page page = read_page(kPage);
  ASSERT_EQ(page.blocks.size(), 2U);
  const Block& block = page.blocks[0];
  ASSERT_EQ(block.steps.size(), 3U);
  EXPECT_EQ(block.steps[0].command, "cat >list <<END\none\nEND");
  EXPECT_FALSE(block.steps[0].is_shown);
  EXPECT_EQ(block.steps[1].command, "overlap get \\\n-i list");
  EXPECT_THAT(block.steps[1].expected, ElementsAre("219 a second", "..."));
  EXPECT_THAT(block.steps[2].expected, ElementsAre("0"));
  EXPECT_THAT(block.measured, ElementsAre("219"));
  EXPECT_EQ(page.blocks[1].why_not_run, "needs the world");
  EXPECT_EQ(steps_to_run(page).size(), 3U);
  ASSERT_EQ(page.sources.size(), 1U);
  EXPECT_EQ(page.sources[0].code, "int main() {}\n");
}

TEST(ConsoleBlocks, ThatCannotBeUnderstoodAreErrorsWithTheirLine) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read_page(text);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "understood";
  };
  EXPECT_EQ(message("```console\nls\n```\n"), "line 2: a console block begins with '$ ' and a command");
  EXPECT_EQ(message("```console\n```\n"), "line 2: a console block without a command");
  EXPECT_EQ(message("```console\n$ ls\n"), "line 2: the page ends in the middle of a block or comment");
  EXPECT_EQ(message("<!-- console\nmesured: 1\n-->\n"), "line 2: not understood: mesured: 1");
  EXPECT_EQ(message("<!-- console\nnot run: x\n-->\ntext\n"), "line 4: a comment for a block that does not follow it");
}

std::string difference_of(const std::vector<std::string>& expected, const std::string& output) {
  return difference({}, expected, output);
}

TEST(ConsoleOutput, IsComparedLineByLine) {
  EXPECT_THAT(difference_of({"a", "b"}, "a\nb\n"), IsEmpty());
  EXPECT_EQ(difference_of({"a", "b"}, "a\n"), "there is no such line where it should be: b");
  EXPECT_EQ(difference_of({"a"}, "a\nb\n"), "there is more than expected");
  EXPECT_THAT(difference_of({"0.5 s"}, "0.6 s\n"), Not(IsEmpty()));
  EXPECT_THAT(difference_of({}, "a\n"), Not(IsEmpty()));
}

TEST(ConsoleOutput, LinesMayBeLeftOut) {
  EXPECT_THAT(difference_of({"a", "...", "d"}, "a\nb\nc\nd\n"), IsEmpty());
  EXPECT_THAT(difference_of({"...", "d", "..."}, "d\n"), IsEmpty());
  EXPECT_THAT(difference_of({"a", "...", "d"}, "a\nb\n"), Not(IsEmpty()));
  EXPECT_THAT(difference_of({"...", "b"}, "b\nc\n"), Not(IsEmpty()));
}

TEST(ConsoleOutput, MeasuredFiguresMayBeOthersAndNothingElse) {
  Block block;
  block.is_measured = true;
  block.measured = {"219", "64"};
  const auto is_alike = [&block](const std::string& expected, const std::string& line) {
    return difference(block, {expected}, line + "\n").empty();
  };
  EXPECT_TRUE(is_alike("Downloaded 160 in 0.73 seconds", "Downloaded 160 in 12 seconds"));
  EXPECT_FALSE(is_alike("Downloaded 160 in 0.73 seconds", "Downloaded 159 in 0.73 seconds"));
  EXPECT_TRUE(
      is_alike("219 a second, latency 51.2ms (loop, 64 at a time)", "7 a second, latency 1s (loop, 8 at a time)"));
  EXPECT_TRUE(is_alike("p99 298ms", "p99 1.2s"));
  EXPECT_FALSE(is_alike("219 a second", "many a second"));
  EXPECT_TRUE(is_alike("loop  0.0929 - 0.0993   64", "  loop 0.100 - 9  1000"));
  EXPECT_TRUE(is_alike("inline ### 3 s", "inline ##### 3 s"));
  EXPECT_FALSE(is_alike("loop (x)", "loop x"));
  EXPECT_THAT(difference(block, {"a", "b"}, "a\nnote: busy\nb\n"), IsEmpty());
  EXPECT_THAT(difference(block, {"a"}, "a\nanother\n"), Not(IsEmpty()));
}

TEST(ConsolePageRun, KeepsVariablesDirectoriesStatusAndTheServersPort) {
  const Page page = read_page(
      "```console\n$ overlap serve --port 8080 &\n$ mkdir d && cd d\n$ x=5\n$ false\n$ echo $? $x ${PWD##*/}\n"
      "$ overlap get -q http://127.0.0.1:8080/bytes/7 -o seven\n$ wc -c <seven\n$ echo :8080\n```\n");
  const auto outcomes = run_page(page, {.program = OVERLAP_PROGRAM_DIR, .programs = ""});
  ASSERT_EQ(outcomes.size(), 8U);
  EXPECT_EQ(outcomes[0].output, "listening on http://127.0.0.1:8080\n");
  EXPECT_EQ(outcomes[3].exit_code, 1);
  EXPECT_EQ(outcomes[4].output, "1 5 d\n");
  EXPECT_EQ(outcomes[5].exit_code, 0) << outcomes[5].output;
  EXPECT_EQ(outcomes[6].output, "7\n");
  EXPECT_EQ(outcomes[7].output, ":8080\n");
}

TEST(ConsolePageRun, ACommandThatFailsOrPrintsSomethingElseIsSeen) {
  const Page page = read_page("```console\n$ overlap get nonsense\n```\n");
  const auto outcomes = run_page(page, {.program = OVERLAP_PROGRAM_DIR, .programs = ""});
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_NE(outcomes[0].exit_code, 0);
  EXPECT_THAT(outcomes[0].output, HasSubstr("it has no scheme"));
}

}  // namespace
}  // namespace overlap::docs
