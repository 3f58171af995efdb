#include "serve/content.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <limits>
#include <set>
#include <vector>

#include <jpeglib.h>

#include "serve/jpeg.hpp"

namespace overlap::serve {
namespace {

std::string body_of(std::string_view target, std::uint64_t seed = 1) { return content_for(target, seed)->body(); }

TEST(ServeContent, IsAFunctionOfPathAndSeed) {
  for (const char* target : {"/bytes/1000", "/json/7", "/some/page", "/some/page?q=1"}) {
    EXPECT_EQ(body_of(target, 1), body_of(target, 1)) << target;
    EXPECT_NE(body_of(target, 1), body_of(target, 2)) << target;
  }
  EXPECT_NE(body_of("/some/page?q=1"), body_of("/some/page?q=2"));
  EXPECT_EQ(body_of("/json/7?q=1"), body_of("/json/7?q=2"));
}

// Fixed, so that every compiler and machine serves the same, and a digest in a list stays true.
TEST(ServeContent, StaysTheSameFromBuildToBuild) {
  EXPECT_EQ(content_for("/bytes/100", 1)->sha256(), "bf4c07c0ef2a213307ad2a2427ce8e538bc13c04b11c2365376618af03d154e2");
  EXPECT_EQ(content_for("/bytes/1M", 1)->sha256(), "ec6049f942d338545b9468337c62356eafda5c747b9a439bd2b850e7eec2119e");
  EXPECT_EQ(content_for("/json/1", 1)->sha256(), "5d81f59ecb978787f0d66435630e9c7fbad88b3afadbcca186872198b3ecc4a4");
  EXPECT_EQ(content_for("/", 1)->sha256(), "8798515bc0b5236178a23de3eca6eb63e5c153ceafa2815d250fd2c366c92dea");
}

TEST(ServeContent, PathsThatAreNotContentHaveNone) {
  for (const char* target :
       {"/status/200", "/redirect/1", "/fault/hang", "/echo", "/bytes/x", "/json/", "/image/1.png"}) {
    EXPECT_FALSE(content_for(target, 1)) << target;
  }
  EXPECT_TRUE(content_for("/redirect/0", 1));
}

TEST(ServeContent, BytesCanBeReadFromAnyPlace) {
  const Content content = Content::of_bytes(100'000, 3);
  ASSERT_EQ(content.text(), nullptr);
  const std::string whole = content.body();
  for (const std::uint64_t offset : {0u, 1u, 7u, 8u, 9u, 4095u, 65'537u, 99'980u}) {
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 20u}) {
      std::string part(size, '\0');
      content.read(offset, part);
      EXPECT_EQ(part, whole.substr(offset, size)) << offset << " " << size;
    }
  }
}

TEST(ServeContent, ShortAndLongBytesBeginAlike) {
  EXPECT_EQ(body_of("/bytes/100"), body_of("/bytes/200000").substr(0, 100));
  EXPECT_EQ(body_of("/bytes/0"), "");
}

TEST(ServeContent, LargestBytesCostNoMemory) {
  const auto content = content_for("/bytes/15E", 1);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->size(), std::uint64_t{15} << 60);
  std::string end(100, '\0');
  content->read(content->size() - end.size(), end);
  EXPECT_GT(std::set<char>(end.begin(), end.end()).size(), 50u);  // not one byte repeated
}

TEST(ServeContent, Sha256IsThatOfTheBody) {
  EXPECT_EQ(Content::of_text("text/plain", "abc").sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Content().sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Content computed = Content::of_bytes(200'001, 5);
  EXPECT_EQ(computed.sha256(), Content::of_text("text/plain", computed.body()).sha256());
}

TEST(ServeContent, JsonHasItsFields) {
  const auto content = content_for("/json/42", 1);
  EXPECT_EQ(content->content_type(), "application/json");
  const auto object = boost::json::parse(content->body()).as_object();
  EXPECT_EQ(object.at("id").to_number<int>(), 42);
  EXPECT_FALSE(object.at("name").as_string().empty());
  EXPECT_TRUE(object.at("value").is_number());
  EXPECT_FALSE(object.at("tags").as_array().empty());
  EXPECT_FALSE(object.at("details").as_object().empty());
}

TEST(ServeContent, JsonIdThatIsNoNumberIsText) {
  for (const char* id : {"x", "1x", "-1", "\"quoted\"", "18446744073709551616"}) {
    const auto object = boost::json::parse(body_of(std::string("/json/") + id)).as_object();
    EXPECT_EQ(object.at("id").as_string(), id);
  }
}

TEST(ServeContent, PagesAreHtmlOf2To60KiB) {
  std::set<std::size_t> sizes;
  for (int i = 0; i < 500; ++i) {
    const std::string page = body_of("/page/" + std::to_string(i));
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    sizes.insert(page.size());
  }
  EXPECT_GE(*sizes.begin(), 2u << 10);
  EXPECT_LE(*sizes.rbegin(), 60u << 10);
  EXPECT_LT(*sizes.begin(), 4u << 10);
  EXPECT_GT(*sizes.rbegin(), 40u << 10);
}

TEST(ServeContent, PageEscapesItsPath) { EXPECT_EQ(body_of("/<script>\"&").find("<script>"), std::string::npos); }

TEST(ServeContent, ImageDecodesToItsSize) {
  const std::string body = body_of("/image/1.jpg");
  EXPECT_GT(body.size(), 1u << 20);
  EXPECT_LT(body.size(), 6u << 20);
  jpeg_error_mgr errors;
  jpeg_decompress_struct jpeg;
  jpeg.err = jpeg_std_error(&errors);  // ends the process, and so fails the test, on a broken file
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(body.data()), body.size());
  ASSERT_EQ(jpeg_read_header(&jpeg, TRUE), JPEG_HEADER_OK);
  jpeg_start_decompress(&jpeg);
  EXPECT_EQ(jpeg.output_width, static_cast<unsigned>(kImageWidth));
  EXPECT_EQ(jpeg.output_height, static_cast<unsigned>(kImageHeight));
  std::vector<JSAMPLE> row(jpeg.output_width * static_cast<unsigned>(jpeg.output_components));
  JSAMPROW rows[1] = {row.data()};
  while (jpeg.output_scanline < jpeg.output_height) jpeg_read_scanlines(&jpeg, rows, 1);
  jpeg_finish_decompress(&jpeg);
  EXPECT_EQ(errors.num_warnings, 0);
  jpeg_destroy_decompress(&jpeg);
}

TEST(ServeContent, ImagesDifferByIdAndSeed) {
  const std::string image = body_of("/image/1.jpg");
  EXPECT_EQ(image, body_of("/image/1.jpg"));
  EXPECT_NE(image, body_of("/image/2.jpg"));
  EXPECT_NE(image, body_of("/image/1.jpg", 2));
}

}  // namespace
}  // namespace overlap::serve
