// The digest of a body while it is still received.
#include "get/following_hash.hpp"

#include <gtest/gtest.h>

#include "cli/digest.hpp"
#include "get/output_directory.hpp"
#include "tool/output_directory.hpp"

namespace overlap::get {
namespace {

class FollowingHashTest : public OutputDirectoryTest {
 protected:
  static FollowingHash follow(const PartFile& part, cli::Sha256 begun = {}, std::uint64_t position = 0) {
    auto following = FollowingHash::of(part, std::move(begun), position);
    if (!following) throw std::runtime_error(following.error().message);
    return *std::move(following);
  }
  static std::string some_text(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 3);
    return text;
  }
};

INSTANTIATE_TEST_SUITE_P(Tool, FollowingHashTest, testing::Values(DirectoryTree::Resolver::automatic));

TEST_P(FollowingHashTest, IsThatOfTheWholeFileHoweverItGrows) {
  for (const std::size_t piece : {3UZ, 4096UZ, 262144UZ, 1048577UZ}) {
    const std::string text = some_text(std::min(40 * piece, 5UZ << 20));
    const auto directory = open();
    auto part = part_with(directory, "");
    FollowingHash hash = follow(part);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(part.write(bytes_of(std::string_view(text).substr(at, piece))));
      hash.grown_to(part.size());
    }
    EXPECT_EQ(hash.finish().result(), cli::sha256(text).hex()) << piece;
  }
}

TEST_P(FollowingHashTest, GoesOnFromWhatWasHashedBefore) {
  const std::string text = some_text(3'000'000);
  const auto directory = open();
  auto part = part_with(directory, text);
  cli::Sha256 begun;
  begun.update(std::string_view(text).substr(0, 1'000'000));
  FollowingHash hash = follow(part, std::move(begun), 1'000'000);
  hash.grown_to(part.size());
  EXPECT_EQ(hash.finish().result(), cli::sha256(text).hex());
}

TEST_P(FollowingHashTest, OfAnEmptyFile) {
  const auto directory = open();
  const auto part = part_with(directory, "");
  EXPECT_EQ(follow(part).finish().result(), cli::sha256("").hex());
}

TEST_P(FollowingHashTest, TheFileMayGetItsNameMeanwhile) {
  const std::string text = some_text(4'000'000);
  const auto directory = open();
  auto part = part_with(directory, text);
  FollowingHash hash = follow(part);
  hash.grown_to(part.size());
  ASSERT_TRUE(part.commit("a.bin"));
  EXPECT_EQ(hash.finish().result(), cli::sha256(text).hex());
}

TEST_P(FollowingHashTest, AFileThatGotShorterIsAnErrorThatNamesTheDirectory) {
  const auto directory = open();
  auto part = part_with(directory, "not much");
  FollowingHash hash = follow(part);
  hash.grown_to(1000);
  const auto result = hash.finish().result();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, DiskErrorCode::io);
  EXPECT_NE(result.error().message.find(root_.string()), std::string::npos) << result.error().message;
}

TEST_P(FollowingHashTest, MayBeGivenUpAtAnyTime) {
  const auto directory = open();
  auto part = part_with(directory, some_text(2'000'000));
  for (int i = 0; i < 100; ++i) {
    FollowingHash hash = follow(part);
    hash.grown_to(part.size());
    if (i % 3 == 0) hash.finish();
    FollowingHash moved(std::move(hash));
  }
}

}  // namespace
}  // namespace overlap::get
