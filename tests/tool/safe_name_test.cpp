#include "get/safe_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <random>
#include <set>
#include <string>

#include "get/stable_hash.hpp"

namespace overlap::get {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::EndsWith;
using testing::StartsWith;

TEST(SafePath, LeavesOrdinaryNamesAlone) {
  for (const auto name : {"a.html"sv, "a/b/c.jpg"sv, "日本語/é 1.png"sv, "page.html?x=1&y=2"sv, "100%"sv, "a%2fb"sv,
                          "~x"sv, "a..b"sv, "a.-b"sv, "$(x)`'\"*"sv}) {
    EXPECT_EQ(make_safe_path(name), name);
    EXPECT_TRUE(is_safe_path(name)) << name;
  }
}

TEST(SafePath, StaysBelowItsDirectory) {
  EXPECT_EQ(make_safe_path("../../etc/passwd"), "%2E./%2E./etc/passwd");
  EXPECT_EQ(make_safe_path("/etc/passwd"), "etc/passwd");
  EXPECT_EQ(make_safe_path("///a//b///"), "a/b");
  EXPECT_EQ(make_safe_path("./a/./b/."), "a/b");
  EXPECT_EQ(make_safe_path("a/../../b"), "a/%2E./%2E./b");
  EXPECT_EQ(make_safe_path("C:\\x\\..\\y"), "C:%5Cx%5C..%5Cy");
}

TEST(SafePath, EncodesWhatHidesOrCommands) {
  EXPECT_EQ(make_safe_path(".htaccess"), "%2Ehtaccess");
  EXPECT_EQ(make_safe_path("-rf"), "%2Drf");
  EXPECT_EQ(make_safe_path("a/.overlap/-b"), "a/%2Eoverlap/%2Db");
  EXPECT_EQ(make_safe_path("..."), "%2E..");
}

TEST(SafePath, EncodesControlsAndWhatIsNotUtf8) {
  EXPECT_EQ(make_safe_path("a\0b\nc\x7f"sv), "a%00b%0Ac%7F");
  EXPECT_EQ(make_safe_path("\x1b[2J"), "%1B[2J");
  EXPECT_EQ(make_safe_path("caf\xe9"), "caf%E9");
  EXPECT_EQ(make_safe_path("\xc0\xae\xc0\xae/x"), "%C0%AE%C0%AE/x");  // an overlong ".."
  EXPECT_EQ(make_safe_path("a\u202eb\u0085"), "a%E2%80%AEb%C2%85");
}

TEST(SafePath, OfNothingIsNothing) {
  for (const auto raw : {""sv, "/"sv, "."sv, "././/"sv}) EXPECT_EQ(make_safe_path(raw), "");
}

TEST(SafePath, ShortensALongNameAndKeepsItsExtension) {
  const std::string path = make_safe_path(std::string(300, 'a') + ".jpg");
  EXPECT_EQ(path.size(), 255U);
  EXPECT_THAT(path, StartsWith("aaaa"));
  EXPECT_THAT(path, EndsWith(".jpg"));
  EXPECT_EQ(make_safe_path(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_EQ(make_safe_path(std::string(256, 'a')).size(), 255U);
  EXPECT_THAT(make_safe_path("photo.jpg?q=" + std::string(300, 'x')), EndsWith(".jpg"));
}

TEST(SafePath, LongNamesThatDifferAtTheirEndsStayDifferent) {
  const std::string same(300, 'a');
  EXPECT_NE(make_safe_path(same + "1"), make_safe_path(same + "2"));
  EXPECT_NE(make_safe_path("x.jpg?" + same + "1"), make_safe_path("x.jpg?" + same + "2"));
}

TEST(SafePath, ShortensBetweenCharacters) {
  for (std::size_t lead = 0; lead < 4; ++lead) {
    std::string raw(lead, 'a');
    for (int i = 0; i < 100; ++i) raw += "日";
    EXPECT_TRUE(is_safe_path(make_safe_path(raw)));
    std::string escapes(lead, 'a');
    for (int i = 0; i < 100; ++i) escapes += "\xff";
    const std::string path = make_safe_path(escapes);
    EXPECT_EQ(path.substr(0, path.rfind('-')).substr(lead).size() % 3, 0U) << path;
  }
}

TEST(SafePath, BoundsLengthAndDepth) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "d/";
  const std::string shallow = make_safe_path(deep + "file.txt");
  EXPECT_TRUE(is_safe_path(shallow));
  EXPECT_THAT(shallow, StartsWith("d/d/d/"));
  EXPECT_THAT(shallow, EndsWith("/file.txt"));
  EXPECT_NE(shallow, make_safe_path(deep + "d/file.txt"));

  std::string wide;
  for (int i = 0; i < 10; ++i) wide += std::string(200, static_cast<char>('a' + i)) + "/";
  const std::string narrow = make_safe_path(wide + "file.txt");
  EXPECT_LE(narrow.size(), 1024U);
  EXPECT_THAT(narrow, EndsWith("/file.txt"));
}

TEST(SafePath, TheCheckRefusesWhatWasNotMadeSafe) {
  for (const auto path : {""sv, "/a"sv, "a/"sv, "a//b"sv, "."sv, ".."sv, "a/.."sv, "a/../b"sv, ".a"sv, "-a"sv, "a\0"sv,
                          "a\n"sv, "a\\b"sv, "a\xff"sv, "a\u202e"sv, ".overlap/lock"sv}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
  EXPECT_FALSE(is_safe_path(std::string(256, 'a')));
  std::string deep = "a";
  for (int i = 0; i < 32; ++i) deep += "/a";
  EXPECT_FALSE(is_safe_path(deep));
}

TEST(DecodeForName, ResolvesHarmlessEscapesOnly) {
  EXPECT_EQ(decode_for_name("a%20b%C3%A9"), "a bé");
  EXPECT_EQ(decode_for_name("%2e%2E"), "..");  // which make_safe_path() then confines
  EXPECT_EQ(decode_for_name("a%2fb%2Fc%5cd"), "a%2Fb%2Fc%5Cd");
  EXPECT_EQ(decode_for_name("%00%0a%ff%3f%25"), "%00%0A%FF%3F%25");
  EXPECT_EQ(decode_for_name("%252f"), "%252f");
  EXPECT_EQ(decode_for_name("%zz"), "%25zz");
}

TEST(ExtensionOf, IsShortAndAlphanumeric) {
  EXPECT_EQ(extension_of("a.jpg"), "jpg");
  EXPECT_EQ(extension_of("a.tar.gz"), "gz");
  EXPECT_EQ(extension_of("a.jpg?v=1.5"), "jpg");
  EXPECT_EQ(extension_of("a"), "");
  EXPECT_EQ(extension_of(".profile"), "");
  EXPECT_EQ(extension_of("a."), "");
  EXPECT_EQ(extension_of("a.b c"), "");
  EXPECT_EQ(extension_of("a.12345678901234567"), "");
}

TEST(WithSuffix, PutsTheNumberBeforeTheExtension) {
  EXPECT_EQ(with_suffix("page.html", 2), "page-2.html");
  EXPECT_EQ(with_suffix("a.b/page", 12), "a.b/page-12");
  EXPECT_EQ(with_suffix("page.html?x=1.5", 2), "page-2.html?x=1.5");
  EXPECT_EQ(with_suffix("page?x", 2), "page-2?x");
  EXPECT_EQ(with_suffix("?x", 2), "?x-2");
}

TEST(WithSuffix, KeepsNamesShort) {
  const std::string longest = std::string(251, 'a') + ".jpg";
  const std::string second = with_suffix(longest, 2);
  EXPECT_EQ(second.size(), 255U);
  EXPECT_THAT(second, EndsWith("-2.jpg"));
  EXPECT_NE(second, with_suffix(longest, 3));
  EXPECT_NE(with_suffix("x?" + std::string(253, 'a'), 2), with_suffix("x?" + std::string(252, 'a') + "b", 2));
}

TEST(StableHash, IsSipHash) {
  std::string input;
  for (char c = 0; c < 15; ++c) input += c;
  const HashKey key{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(stable_hash(input, key), 0xa129ca6149be45e5U);  // from the paper
  EXPECT_EQ(stable_hash("", key), 0x726fdb47dd0e0e31U);     // from the reference implementation's vectors
}

TEST(StableHash, NamesOnDiskDependOnIt) {
  EXPECT_EQ(make_safe_path(std::string(300, 'a')).substr(238), "-4fd57577d5ff0370");
}

/// Text made of what has broken programs before.
std::string nasty_text(std::mt19937& random) {
  static const std::array<std::string, 28> kPieces{"/",
                                                   "/",
                                                   "..",
                                                   ".",
                                                   "-",
                                                   "\\",
                                                   "\0"s,
                                                   "\n",
                                                   "%2f",
                                                   "%2e",
                                                   "%",
                                                   "\xff",
                                                   "\xc0\xae",
                                                   "\u202e",
                                                   "é",
                                                   "日",
                                                   "a",
                                                   "b.jpg",
                                                   "?",
                                                   "~",
                                                   " ",
                                                   "\x1b[",
                                                   ".overlap",
                                                   "CON",
                                                   std::string(120, 'x'),
                                                   "\xed\xa0\x80",
                                                   "\xf4\x90\x80\x80",
                                                   "\U000e0041"};
  std::string text;
  for (auto count = random() % 24; count > 0; --count) text += kPieces.at(random() % kPieces.size());
  return text;
}

/// Whether a file at this path would be below `root`, by the standard library's reading.
bool is_below(const std::filesystem::path& root, const std::string& path) {
  const auto resolved = (root / path).lexically_normal();
  const auto relative = resolved.lexically_relative(root);
  return !relative.empty() && *relative.begin() != ".." && relative != "." &&
         resolved.native().size() > root.native().size();
}

TEST(SafePath, HoldsForThousandsOfNastyTexts) {
  std::mt19937 random(20261120);
  for (int round = 0; round < 20000; ++round) {
    const std::string raw = nasty_text(random);
    const std::string path = make_safe_path(raw);
    if (path.empty()) continue;
    ASSERT_TRUE(is_safe_path(path)) << path;
    ASSERT_TRUE(is_below("/root/dir", path)) << path;
    ASSERT_EQ(path.find('\0'), std::string::npos);
    ASSERT_EQ(make_safe_path(path), path) << "not idempotent";
    const std::string numbered = with_suffix(path, random() % 1000 + 2);
    ASSERT_TRUE(is_safe_path(numbered)) << numbered;
    ASSERT_NE(numbered, path);
    const std::string piece = make_safe_path(decode_for_name(raw));
    ASSERT_EQ(piece.find('/'), std::string::npos) << piece;
  }
}

}  // namespace
}  // namespace overlap::get
