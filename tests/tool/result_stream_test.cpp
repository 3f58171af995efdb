#include "cli/result_stream.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

namespace overlap::test {
namespace {

using cli::ResultStream;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

TEST(ResultStream, AFullDiskIsToldAtTheEndHoweverLittleWasWritten) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}}) {
    const File full(std::fopen("/dev/full", "w"), &std::fclose);
    ResultStream out(full.get());
    out.write(std::string(size, 'x'));
    const auto finished = out.finish();
    ASSERT_FALSE(finished) << size;
    EXPECT_EQ(finished.error(), "cannot write the output to stdout: No space left on device");
    EXPECT_FALSE(out.is_open());
  }
}

TEST(ResultStream, AReaderThatHasGoneIsNoFailure) {
  void (*const before)(int) = std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const File file(fdopen(ends[1], "w"), &std::fclose);
  ResultStream out(file.get());
  out.write("text");
  EXPECT_TRUE(out.finish());
  EXPECT_FALSE(out.is_open()) << "there is no use in going on";
  std::signal(SIGPIPE, before);
}

TEST(ResultStream, WhatIsWrittenArrives) {
  const File file(std::tmpfile(), &std::fclose);
  ResultStream out(file.get());
  out.write("one ");
  out.write("two");
  EXPECT_TRUE(out.finish());
  EXPECT_TRUE(out.is_open());
  std::rewind(file.get());
  std::string text(16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  EXPECT_EQ(text, "one two");
}

}  // namespace
}  // namespace overlap::test
