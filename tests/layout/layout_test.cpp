#include "layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using layout::blank_out_comments;
using layout::find_violations;
using layout::Tree;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Tree read_tree(const std::filesystem::path& root) {
  Tree tree;
  for (const char* folder : {"include", "src", "tool"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      tree[entry.path().lexically_relative(root).generic_string()] =
          std::string(std::istreambuf_iterator<char>(file), {});
    }
  }
  return tree;
}

std::string listed(const std::vector<std::string>& violations) {
  std::string all;
  for (const std::string& violation : violations) all += "\n  " + violation;
  return all;
}

TEST(Layout, ThisProjectKeepsItsLayers) {
  const Tree tree = read_tree(OVERLAP_SOURCE_DIR);
  ASSERT_TRUE(tree.contains("include/overlap/core/future.hpp")) << "read from the wrong place";
  const auto violations = find_violations(tree);
  EXPECT_TRUE(violations.empty()) << listed(violations);
}

TEST(Layout, ArrowsThatPointDownAreRight) {
  EXPECT_THAT(find_violations({
                  {"include/overlap/core/future.hpp", "#include <mutex>\n"},
                  {"include/overlap/async/task.hpp", "#include <boost/asio.hpp>\n#include <overlap/core/future.hpp>\n"},
                  {"include/overlap/executors/inline_executor.hpp", "#include <overlap/async/task.hpp>\n"},
                  {"include/overlap/overlap.hpp", "#include <overlap/executors/inline_executor.hpp>\n"},
                  {"include/overlap/http/session.hpp", "#include <overlap/core/future.hpp>\n"},
                  {"include/overlap/http.hpp", "#include <overlap/http/session.hpp>\n"},
                  {"src/core/futex.hpp", ""},
                  {"src/http/session.cpp", "#include <curl/curl.h>\n#include \"core/futex.hpp\"\n"},
                  {"tool/main.cpp", "#include <iostream>\n#include <overlap/http.hpp>\n#include \"cli/flags.hpp\"\n"},
                  {"tool/cli/flags.hpp", "#include <CLI/CLI.hpp>\n"},
              }),
              IsEmpty());
}

TEST(Layout, AnArrowThatPointsUpIsFound) {
  EXPECT_THAT(find_violations({{"include/overlap/core/future.hpp", "#pragma once\n#include <overlap/async/task.hpp>\n"},
                               {"include/overlap/async/task.hpp", ""}}),
              ElementsAre("include/overlap/core/future.hpp:2: core includes include/overlap/async/task.hpp, which is "
                          "above it, in async"));
}

TEST(Layout, EveryLayerIsBelowTheNext) {
  const Tree headers = {{"include/overlap/async/a.hpp", ""},
                        {"include/overlap/executors/e.hpp", ""},
                        {"include/overlap/http/h.hpp", ""},
                        {"tool/t.hpp", ""}};
  const std::pair<const char*, const char*> upward[] = {
      {"src/core/x.cpp", "#include <overlap/async/a.hpp>"},
      {"src/async/x.cpp", "#include <overlap/executors/e.hpp>"},
      {"src/executors/x.cpp", "#include <overlap/http/h.hpp>"},
      {"src/http/x.cpp", "#include \"../../tool/t.hpp\""},
  };
  for (const auto& [path, line] : upward) {
    Tree tree = headers;
    tree[path] = line;
    EXPECT_THAT(find_violations(tree), ElementsAre(AllOf(StartsWith(path), HasSubstr("above it")))) << path;
  }
}

TEST(Layout, TheHeaderOfEverythingIsAboveExecutorsAndBelowHttp) {
  EXPECT_THAT(find_violations({{"include/overlap/overlap.hpp", "#include <overlap/http/session.hpp>"},
                               {"include/overlap/http/session.hpp", ""},
                               {"src/executors/x.cpp", "#include <overlap/overlap.hpp>"}}),
              ElementsAre(HasSubstr("overlap.hpp includes include/overlap/http"), HasSubstr("executors includes")));
}

TEST(Layout, APrivateHeaderUpwardIsFoundThroughItsShortName) {
  EXPECT_THAT(find_violations({{"src/async/loop.hpp", ""}, {"src/core/wait.cpp", "#include \"async/loop.hpp\"\n"}}),
              ElementsAre(HasSubstr("core includes src/async/loop.hpp")));
}

TEST(Layout, AnExecutorThatIncludesAnotherIsFound) {
  EXPECT_THAT(
      find_violations(
          {{"include/overlap/executors/inline_executor.hpp", ""},
           {"include/overlap/executors/thread_pool_executor.hpp", "#include <overlap/executors/inline_executor.hpp>"}}),
      ElementsAre(AllOf(StartsWith("include/overlap/executors/thread_pool_executor.hpp:1:"), HasSubstr("executors"))));
}

TEST(Layout, AnExecutorThatReachesAnotherThroughAHelperIsFound) {
  EXPECT_THAT(find_violations({{"include/overlap/executors/inline_executor.hpp", ""},
                               {"include/overlap/executors/thread_pool_executor.hpp", ""},
                               {"src/executors/helper.hpp", "#include <overlap/executors/inline_executor.hpp>"},
                               {"src/executors/thread_pool_executor.cpp",
                                "#include <overlap/executors/thread_pool_executor.hpp>\n#include \"helper.hpp\""}}),
              ElementsAre(StartsWith("src/executors/thread_pool_executor.cpp:1:")));
}

TEST(Layout, APublicHeaderThatIncludesAPrivateOneIsFound) {
  EXPECT_THAT(find_violations({{"src/core/futex.hpp", ""},
                               {"include/overlap/core/mutex.hpp", "\n\n#  include \"core/futex.hpp\""}}),
              ElementsAre("include/overlap/core/mutex.hpp:3: a public header includes the private src/core/futex.hpp"));
}

TEST(Layout, AHeaderOfOursThatIsNotThereIsFound) {
  EXPECT_THAT(find_violations({{"src/core/x.cpp", "#include <overlap/core/gone.hpp>"}}),
              ElementsAre("src/core/x.cpp:1: there is no header overlap/core/gone.hpp"));
}

TEST(Layout, AFileInNoLayerIsFound) {
  EXPECT_THAT(find_violations({{"src/util/string.hpp", ""}}), ElementsAre(HasSubstr("is in no layer")));
}

TEST(Layout, ALibraryOutsideItsLayersIsFound) {
  EXPECT_THAT(find_violations({{"include/overlap/http/session.hpp", "#include <curl/curl.h>"},
                               {"src/core/a.cpp", "#include <boost/asio/io_context.hpp>"},
                               {"src/executors/b.cpp", "#include <curl/curl.h>"},
                               {"src/http/c.cpp", "#include <sqlite3.h>\n#include <CLI/CLI.hpp>"}}),
              ElementsAre(HasSubstr("shows libcurl"), HasSubstr("boost/asio"), HasSubstr("belongs in http"),
                          HasSubstr("sqlite3.h"), HasSubstr("CLI/CLI.hpp")));
}

TEST(Layout, OnlyTheProgramWritesToStdout) {
  const std::string printing[] = {
      "#include <iostream>",   "std::cout << 1;",        "std::printf(\"%d\", 1);", "puts(\"a\");",
      "fmt::print(\"{}\", 1)", "fmt::print(\n \"\");\n", "std::fputs(s, stdout);",
  };
  for (const std::string& text : printing) {
    EXPECT_THAT(find_violations({{"src/core/x.cpp", text}}), ElementsAre(StartsWith("src/core/x.cpp:1:"))) << text;
    EXPECT_THAT(find_violations({{"tool/x.cpp", text}}), IsEmpty()) << text;
  }
}

TEST(Layout, WhatDoesNotReachStdoutIsRight) {
  const std::string silent[] = {
      "// std::cout << 1;",
      "/* #include <iostream>\n */",
      "std::snprintf(buffer, sizeof buffer, \"printf\");",
      "std::fputs(message, stderr);",
      "fmt::print(stderr, \"{}\", 1);",
      "auto layout = 1'000; // puts(",
      "char c = '\"'; // std::cout",
      "auto s = R\"(std::cout << \"x\")\";",
  };
  for (const std::string& text : silent) {
    EXPECT_THAT(find_violations({{"src/core/x.cpp", text}}), IsEmpty()) << text;
  }
}

TEST(BlankOutComments, KeepsLinesAndStrings) {
  EXPECT_EQ(blank_out_comments("a/*\n*/b \"//\" // c\nd", true), "a  \n  b \"//\"     \nd");
  EXPECT_EQ(blank_out_comments("f(\"a\\\"b\", 'c')", false), "f(\"    \", ' ')");
  EXPECT_EQ(blank_out_comments("R\"x(a)\")x\" // b", true), "R\"x(a)\")x\"     ");
  EXPECT_EQ(blank_out_comments("1'000 // '", false), "1'000     ");
}

TEST(BlankOutComments, EndsWithTextThatDoesNot) {
  EXPECT_EQ(blank_out_comments("a /* b", true), "a     ");
  EXPECT_EQ(blank_out_comments("\"ab", false), "\"  ");
  EXPECT_EQ(blank_out_comments("\"\\", false), "\" ");
  EXPECT_EQ(blank_out_comments("R\"(ab", false), "R\"   ");
}

}  // namespace
