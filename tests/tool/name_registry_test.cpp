#include "get/name_registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

TEST(NameRegistry, GivesAFreeNameAsItIs) {
  NameRegistry names;
  EXPECT_EQ(names.claim("page.html", "http://a/page.html"), "page.html");
  EXPECT_EQ(names.claim("a/page.html", "http://a/a/page.html"), "a/page.html");
}

TEST(NameRegistry, NumbersTheSecondUrlOfAName) {
  NameRegistry names;
  EXPECT_EQ(names.claim("page.html", "http://a/"), "page.html");
  EXPECT_EQ(names.claim("page.html", "http://b/"), "page-2.html");
  EXPECT_EQ(names.claim("page.html", "http://c/"), "page-3.html");
}

TEST(NameRegistry, GivesARepeatedUrlItsNameAgain) {
  NameRegistry names;
  names.claim("page.html", "http://a/");
  names.claim("page.html", "http://b/");
  names.claim("page.html", "http://c/");
  EXPECT_EQ(names.claim("page.html", "http://a/"), "page.html");
  EXPECT_EQ(names.claim("page.html", "http://b/"), "page-2.html");
}

TEST(NameRegistry, NamesThatDifferInCaseOnlyAreOne) {
  NameRegistry names;
  EXPECT_EQ(names.claim("Page.html", "http://a/"), "Page.html");
  EXPECT_EQ(names.claim("page.HTML", "http://b/"), "page-2.HTML");
  EXPECT_EQ(names.claim("A/x", "http://c/"), "A/x");
  EXPECT_EQ(names.claim("a/X", "http://d/"), "a/X-2");
}

TEST(NameRegistry, SkipsANumberedNameThatIsTaken) {
  NameRegistry names;
  names.claim("page.html", "http://a/");
  EXPECT_EQ(names.claim("page-2.html", "http://b/"), "page-2.html");
  EXPECT_EQ(names.claim("page.html", "http://c/"), "page-3.html");
  EXPECT_EQ(names.claim("page-3.html", "http://d/"), "page-3-2.html");
}

TEST(NameRegistry, AFileIsNoDirectory) {
  NameRegistry names;
  EXPECT_EQ(names.claim("a", "http://h/a"), "a");
  EXPECT_EQ(names.claim("a/b", "http://h/a/b"), "a-2/b");
  EXPECT_EQ(names.claim("A/c", "http://h/a/c"), "A-2/c");
  EXPECT_EQ(names.claim("a/b/c", "http://h/a/b/c"), "a-2/b-2/c");
}

TEST(NameRegistry, ADirectoryIsNoFile) {
  NameRegistry names;
  EXPECT_EQ(names.claim("a/b/c", "http://h/a/b/c"), "a/b/c");
  EXPECT_EQ(names.claim("a/b", "http://h/a/b"), "a/b-2");
  EXPECT_EQ(names.claim("A", "http://h/a"), "A-2");
}

TEST(NameRegistry, OneNameForManyIsNotQuadratic) {
  NameRegistry names;
  for (int i = 0; i < 200'000; ++i) names.claim("index.html", std::to_string(i));
  EXPECT_EQ(names.claim("index.html", "one more"), "index-200001.html");
  EXPECT_EQ(names.claim("index.html", "77"), "index-78.html");
}

TEST(NameRegistry, NoTwoItemsShareAFileWhateverTheyAsk) {
  std::mt19937 random(20261120);
  const std::vector<std::string> pieces{"a", "A", "b", "a-2", "x.html", "X.html", "x-2.html", "a-2-2"};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<std::string, std::string>> list;
    for (int i = 0; i < 200; ++i) {
      std::string path = pieces.at(random() % pieces.size());
      for (auto depth = random() % 3; depth > 0; --depth) path += "/" + pieces.at(random() % pieces.size());
      list.emplace_back(path, "http://h/" + std::to_string(random() % 150));
    }
    NameRegistry names;
    NameRegistry again;
    std::map<std::string, std::string> files;  // folded -> url
    std::set<std::string> directories;
    for (const auto& [path, url] : list) {
      const std::string name = names.claim(path, url);
      ASSERT_EQ(again.claim(path, url), name) << "the same list gives the same names";
      ASSERT_TRUE(is_safe_path(name));
      std::string folded = name;
      std::ranges::transform(folded, folded.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      ASSERT_EQ(files.emplace(folded, url).first->second, url) << name;
      for (auto slash = folded.rfind('/'); slash != std::string::npos; slash = folded.rfind('/', slash - 1)) {
        directories.insert(folded.substr(0, slash));
        if (slash == 0) break;
      }
    }
    for (const auto& [file, url] : files) ASSERT_FALSE(directories.contains(file)) << file;
  }
}

TEST(HashTable, FindsWhatWasSet) {
  HashTable table;
  EXPECT_EQ(table.find(1), 0U);
  std::mt19937_64 random(20261120);
  std::map<std::uint64_t, std::uint64_t> model;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t key = random() % 2 == 0 ? random() : random() % 1000;
    const std::uint64_t value = random() | 1;
    table.set(key, value);
    model[key] = value;
  }
  EXPECT_EQ(table.size(), model.size());
  for (const auto& [key, value] : model) ASSERT_EQ(table.find(key), value);
  table.set(0, 7);
  EXPECT_EQ(table.find(0), 7U);
}

}  // namespace
}  // namespace overlap::get
