#include "get/name_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

using testing::HasSubstr;

NameTemplate parsed(std::string_view text) {
  auto parsed = NameTemplate::parse(text);
  if (!parsed) throw std::runtime_error(parsed.error());
  return *std::move(parsed);
}

std::string error_of(std::string_view text) {
  const auto parsed = NameTemplate::parse(text);
  return parsed ? "no error" : parsed.error();
}

std::string name_of(std::string_view pattern, std::string_view url, std::uint64_t index = 1) {
  return parsed(pattern).name({.url = parse_url(url).value(), .index = index});
}

TEST(NameTemplate, NameIsTheLastSegmentAndTheQuery) {
  EXPECT_EQ(name_of("{name}", "http://h/a/photo.jpg"), "photo.jpg");
  EXPECT_EQ(name_of("{name}", "http://h/a/page.html?x=1&y=a/b"), "page.html?x=1&y=a%2Fb");
  EXPECT_EQ(name_of("{name}", "http://h/a/"), "index.html");
  EXPECT_EQ(name_of("{name}", "http://h"), "index.html");
  EXPECT_EQ(name_of("{name}", "http://h/?q"), "index.html?q");
  EXPECT_EQ(NameTemplate().name({.url = parse_url("http://h/x").value(), .index = 1}), "x");
}

TEST(NameTemplate, PathMakesDirectories) {
  EXPECT_EQ(name_of("{path}", "http://h/a/b/photo.jpg"), "a/b/photo.jpg");
  EXPECT_EQ(name_of("{host}/{path}", "http://h/a/?q"), "h/a/index.html?q");
  EXPECT_EQ(name_of("{path}", "http://h//a//b"), "a/b");
}

TEST(NameTemplate, IndexIsPaddedAsAsked) {
  EXPECT_EQ(name_of("{index}", "http://h/", 42), "42");
  EXPECT_EQ(name_of("{index:08}", "http://h/", 42), "00000042");
  EXPECT_EQ(name_of("{index:01}", "http://h/", 42), "42");
  EXPECT_EQ(name_of("{index:020}", "http://h/", 18446744073709551615U), "18446744073709551615");
}

TEST(NameTemplate, ADotBeforeNoExtensionGoes) {
  EXPECT_EQ(name_of("{index}.{ext}", "http://h/a.jpg?x=1.5"), "1.jpg");
  EXPECT_EQ(name_of("{index}.{ext}", "http://h/a"), "1");
  EXPECT_EQ(name_of("{index}.{ext}", "http://h/"), "1.html");
}

TEST(NameTemplate, TextStandsForItself) {
  EXPECT_EQ(name_of("img/{host}-{{{index}}}.bin", "http://h/"), "img/h-{1}.bin");
  EXPECT_EQ(name_of("é//x", "http://h/"), "é/x");
}

TEST(NameTemplate, AGivenNameStandsInForTheUrls) {
  const Url url = parse_url("http://h/download.php?id=7").value();
  const auto name_for = [&url](std::string_view pattern, std::string_view given) {
    return parsed(pattern).name({.url = url, .index = 7, .name = given});
  };
  EXPECT_EQ(name_for("{name}", "cats/tom.jpg"), "cats/tom.jpg");
  EXPECT_EQ(name_for("{index}.{ext}", "cats/tom.jpg"), "7.jpg");
  EXPECT_EQ(name_for("{name}", "../../etc/passwd"), "%2E./%2E./etc/passwd");
  EXPECT_EQ(name_for("{name}", "/"), "download.php?id=7");
  EXPECT_EQ(name_for("{name}", ""), "download.php?id=7");
  EXPECT_EQ(name_for("{path}", "x"), "download.php?id=7");
}

TEST(NameTemplate, TheBodysDigestComesLate) {
  const NameTemplate pattern = parsed("{sha256}.{ext}");
  EXPECT_TRUE(pattern.needs_body_digest());
  EXPECT_FALSE(parsed("{name}").needs_body_digest());
  const Url url = parse_url("http://h/a.jpg").value();
  EXPECT_EQ(pattern.name({.url = url, .index = 1, .sha256 = "00ff"}), "00ff.jpg");
  EXPECT_THROW(static_cast<void>(pattern.name({.url = url, .index = 1})), std::logic_error);
}

TEST(NameTemplate, ValuesStayBelowTheDirectory) {
  EXPECT_EQ(name_of("{name}", "http://h/%2e%2e"), "%2E.");
  EXPECT_EQ(name_of("{path}", "http://h/%2e%2e/%2e%2e/etc/passwd"), "%2E./%2E./etc/passwd");
  EXPECT_EQ(name_of("{name}", "http://h/..%2f..%2fetc%2fpasswd"), "%2E.%2F..%2Fetc%2Fpasswd");
  EXPECT_EQ(name_of("{name}", "http://h/%00%0a"), "%00%0A");
  EXPECT_EQ(name_of("{name}", "http://h/-rf"), "%2Drf");
  EXPECT_EQ(name_of("x{ext}/{name}", "http://h/.profile"), "x/%2Eprofile");
  EXPECT_EQ(name_of("{path}", "http://h/.overlap/lock"), "%2Eoverlap/lock");
}

TEST(NameTemplate, AnEmptyNameIsAnUnderscore) {
  EXPECT_EQ(name_of("{ext}", "http://h/a"), "_");
  EXPECT_EQ(name_of("{host}/{ext}", "http://h/a"), "h/_");
}

TEST(NameTemplate, ErrorsNameThePositionAndTheText) {
  EXPECT_EQ(error_of(""), "the name template is empty");
  EXPECT_EQ(error_of("a{nam}"),
            "name template, position 2: the fields are {name}, {path}, {host}, {index}, {ext} and "
            "{sha256}, there is no '{nam}'");
  EXPECT_EQ(error_of("a/{name"), "name template, position 3: there is no '}' after '{name'");
  EXPECT_EQ(error_of("ab}"), "name template, position 3: there is no '{' before '}'");
  EXPECT_THAT(error_of("{}"), HasSubstr("position 1: "));
  for (const auto* text : {"{index:8}", "{index:0}", "{index:}", "{index:00}", "{index:021}", "{index:0x}",
                           "{index:0008}", "{name:08}", "{index:08:}"}) {
    EXPECT_THAT(error_of(text), HasSubstr("only {index} takes a width")) << text;
  }
}

TEST(NameTemplate, RefusesTextThatNamesNoFileBelowTheDirectory) {
  EXPECT_THAT(error_of("/tmp/{name}"), HasSubstr("position 1: names are relative"));
  EXPECT_THAT(error_of("../{name}"), HasSubstr("position 1: no name may begin with '.'"));
  EXPECT_THAT(error_of("a/../{name}"), HasSubstr("position 3: no name may begin with '.'"));
  EXPECT_THAT(error_of(".{name}"), HasSubstr("position 1: no name may begin with '.'"));
  EXPECT_THAT(error_of("a/-{name}"), HasSubstr("position 3: no name may begin with '-'"));
  EXPECT_THAT(error_of("{host}/"), HasSubstr("position 7: a file name is missing after '/'"));
  EXPECT_THAT(error_of("a\nb"), HasSubstr("position 2: no name may have the character '\\n'"));
  EXPECT_THAT(error_of("a\\b"), HasSubstr("no name may have the character '\\'"));
  EXPECT_THAT(error_of("a\xff"), HasSubstr("position 2: no name may have the character '\\xff'"));
  EXPECT_THAT(error_of("a\u202e"), HasSubstr("\\u{202e}"));
  EXPECT_THAT(error_of(std::string(5000, 'a')), HasSubstr("longer than 4096"));
}

TEST(NameTemplate, KnowsWhenItsNamesAreUnique) {
  for (const auto* text : {"{index}", "{index:08}", "img-{index}.{ext}", "v2{index}", "{index}/{name}",
                           "{index}-{name}", "a/b/{index:08}.jpg"}) {
    EXPECT_TRUE(parsed(text).gives_unique_names()) << text;
  }
  for (const auto* text :
       {"{name}", "{host}/{index}", "{name}-{index}", "{index}{name}", "{index}0", "{index}{index}", "x", "{sha256}"}) {
    EXPECT_FALSE(parsed(text).gives_unique_names()) << text;
  }
  EXPECT_FALSE(parsed(std::string(300, 'a') + "{index}").gives_unique_names());
}

TEST(NameTemplate, NastyUrlsAndNamesGiveSafePaths) {
  constexpr std::array kPieces{"/",
                               "..",
                               "%2e",
                               "%2f",
                               "%00",
                               ".",
                               "-",
                               "a",
                               "?",
                               "%",
                               "\\",
                               "é",
                               "\xff",
                               "%E2%80%AE",
                               ".jpg",
                               "%5c",
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  const std::array patterns{parsed("{name}"),
                            parsed("{path}"),
                            parsed("{host}/{path}"),
                            parsed("{index:08}.{ext}"),
                            parsed("a{ext}/{name}{path}-{index}"),
                            parsed("{ext}{ext}")};
  std::mt19937 random(20261120);
  for (int round = 0; round < 10000; ++round) {
    std::string text = "http://h/";
    for (auto count = random() % 16; count > 0; --count) text += kPieces.at(random() % kPieces.size());
    const auto url = parse_url(text);
    ASSERT_TRUE(url.has_value()) << text;
    NameFacts facts{.url = *url, .index = random()};
    if (random() % 2 == 0) facts.name = std::string_view(text).substr(random() % text.size());
    for (const NameTemplate& pattern : patterns) {
      const std::string name = pattern.name(facts);
      ASSERT_TRUE(is_safe_path(name)) << name << " from " << text;
    }
  }
}

}  // namespace
}  // namespace overlap::get
