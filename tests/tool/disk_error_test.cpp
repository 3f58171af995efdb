#include "get/disk_error.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "get/file_descriptor.hpp"
#include "tool/output_directory.hpp"

namespace overlap::get {
namespace {

TEST(WriteAll, AFullDeviceIsOutOfSpace) {
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.is_open());
  const auto written = write_all(full, bytes_of("x"), "somewhere");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, DiskErrorCode::full);
  EXPECT_TRUE(written.error().is_out_of_space());
  EXPECT_EQ(written.error().message, "cannot write to somewhere: No space left on device");
  EXPECT_TRUE(write_all(full, {}, "somewhere").has_value());
}

TEST(WriteAll, WritesEverythingThoughAPipeTakesItInPieces) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  std::string got;
  std::jthread reader([&] {
    std::array<char, 1000> block{};
    for (ssize_t count = 0; (count = ::read(reading.get(), block.data(), block.size())) > 0;) {
      got.append(block.data(), static_cast<std::size_t>(count));
    }
  });
  const std::string sent(300'000, 'x');
  EXPECT_TRUE(write_all(writing, bytes_of(sent), "pipe").has_value());
  writing = FileDescriptor();
  reader.join();
  EXPECT_EQ(got, sent);
}

TEST(DiskError, TellsTheCasesApart) {
  const auto code = [](int error) { return make_disk_error(error, "write to", "x").code; };
  EXPECT_EQ(code(ENOSPC), DiskErrorCode::full);
  EXPECT_EQ(code(EDQUOT), DiskErrorCode::quota);
  EXPECT_EQ(code(EROFS), DiskErrorCode::read_only);
  EXPECT_EQ(code(EIO), DiskErrorCode::io);
  EXPECT_EQ(code(EACCES), DiskErrorCode::permission);
  EXPECT_EQ(code(ENFILE), DiskErrorCode::too_many_files);
  EXPECT_EQ(code(EXDEV), DiskErrorCode::other);
}

}  // namespace
}  // namespace overlap::get
