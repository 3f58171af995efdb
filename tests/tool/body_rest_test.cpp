#include "get/body_rest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "get/media_type.hpp"

namespace overlap::get {
namespace {

using testing::HasSubstr;

http::Response partial(const std::string& range) {
  http::Response head;
  head.status = 206;
  head.headers = {{"Content-Range", range}, {"ETag", "\"v1\""}};
  return head;
}

const CutBody kCut{"part", 500, 1000, "\"v1\"", ""};

TEST(BodyRest, ExactlyTheRestIsTaken) {
  EXPECT_TRUE(check_rest(partial("bytes 500-999/1000"), kCut));
  EXPECT_EQ(check_rest(partial("bytes 500-999/*"), kCut), 1000U);
  CutBody unknown = kCut;
  unknown.total = 0;
  EXPECT_TRUE(check_rest(partial("bytes 500-1999/2000"), unknown));
}

TEST(BodyRest, AnythingElseIsSaidWhatItIs) {
  EXPECT_THAT(check_rest(partial("bytes 499-999/1000"), kCut).error(), HasSubstr("begins at 499"));
  EXPECT_THAT(check_rest(partial("bytes 500-998/1000"), kCut).error(), HasSubstr("ends at 998"));
  EXPECT_THAT(check_rest(partial("bytes 500-1000/1001"), kCut).error(), HasSubstr("1001 bytes"));
  for (const std::string range : {"", "500-999/1000", "bytes 500-/1000", "bytes */1000", "bytes 500-999/1000, 1-2/3",
                                  "bytes 999-500/1000", "bytes 500-1000/1000", "bytes 500-99999999999999999999/*"})
    EXPECT_THAT(check_rest(partial(range), kCut).error(), HasSubstr("Content-Range")) << range;
  http::Response other = partial("bytes 500-999/1000");
  other.headers = {{"Content-Range", "bytes 500-999/1000"}, {"ETag", "\"v2\""}};
  EXPECT_THAT(check_rest(other, kCut).error(), HasSubstr("another version"));
  http::Response encoded = partial("bytes 500-999/1000");
  encoded.headers.add("Content-Encoding", "gzip");
  EXPECT_THAT(check_rest(encoded, kCut).error(), HasSubstr("encoded"));
}

TEST(BodyRest, OnlyABodyThatCanBeNamedCanGoOn) {
  http::Response head;
  head.status = 200;
  EXPECT_FALSE(if_cut(head, {}));
  head.headers = {{"ETag", "W/\"v1\""}, {"Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT"}};
  EXPECT_FALSE(if_cut(head, {})) << "a weak tag says that bytes may differ";
  head.headers = {{"Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT"}, {"Content-Length", "7"}};
  ASSERT_TRUE(if_cut(head, {}));
  EXPECT_EQ(if_cut(head, {})->total, 7U);
  head.headers.add("Content-Encoding", "gzip");
  EXPECT_FALSE(if_cut(head, {}));
  head.headers = {{"ETag", "\"v1\""}, {"Accept-Ranges", "none"}};
  EXPECT_FALSE(if_cut(head, {}));
}

TEST(BodyRest, TheRequestNamesTheVersion) {
  http::Request request;
  ask_for_rest(request, {});
  EXPECT_TRUE(request.headers.empty());
  ask_for_rest(request, kCut);
  EXPECT_EQ(request.headers.get("Range"), "bytes=500-");
  EXPECT_EQ(request.headers.get("If-Range"), "\"v1\"");
}

TEST(MediaType, IsComparedWithoutItsParametersAndItsCase) {
  EXPECT_TRUE(is_wanted_type("Text/HTML; charset=utf-8", {"text/html"}));
  EXPECT_TRUE(is_wanted_type("image/png", {"text/html", "image/*"}));
  EXPECT_TRUE(is_wanted_type("", {}));
  EXPECT_FALSE(is_wanted_type("", {"image/*"}));
  EXPECT_FALSE(is_wanted_type("text/html-sandboxed", {"text/html"}));
  EXPECT_FALSE(is_wanted_type("imagery/png", {"image/*"}));
}

}  // namespace
}  // namespace overlap::get
