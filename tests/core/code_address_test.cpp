#include <overlap/core/detail/code_address.hpp>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <overlap/core/errors.hpp>

namespace overlap::detail {
namespace {

int forty_two() { return 42; }

template <int N>
int number() {
  return N;
}

using Function = int (*)();

Function round_trip(Function function) {
  return reinterpret_cast<Function>(
      const_cast<void*>(resolve_code(locate_code(reinterpret_cast<const void*>(function)))));
}

TEST(CodeAddress, FunctionOfTheProgramComesBackAsItself) {
  EXPECT_EQ(round_trip(&forty_two), &forty_two);
  EXPECT_EQ(round_trip(&number<7>)(), 7);
  EXPECT_EQ(round_trip(&number<8>)(), 8);
}

TEST(CodeAddress, CapturelessLambdaComesBackAsItself) {
  const Function function = [] { return 3; };
  EXPECT_EQ(round_trip(function)(), 3);
}

TEST(CodeAddress, FunctionOfASharedLibraryComesBackAsItself) {
  const void* const address = dlsym(RTLD_DEFAULT, "malloc");
  ASSERT_NE(address, nullptr);
  EXPECT_EQ(resolve_code(locate_code(address)), address);
}

TEST(CodeAddress, LibraryThatIsLoadedLaterIsFound) {
  locate_code(reinterpret_cast<const void*>(&forty_two));  // the modules were read before
  void* const library = dlopen("libutil.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) GTEST_SKIP() << "no library at hand: " << dlerror();
  const void* const address = dlsym(library, "openpty");
  ASSERT_NE(address, nullptr);
  EXPECT_EQ(resolve_code(locate_code(address)), address);
}

TEST(CodeAddress, WhatIsNoCodeCannotBeLocated) {
  static int data = 0;
  int local = 0;
  EXPECT_THROW(locate_code(&data), NotShippable);
  EXPECT_THROW(locate_code(&local), NotShippable);
  EXPECT_THROW(locate_code(nullptr), NotShippable);
}

TEST(CodeAddress, UnknownModuleCannotBeResolved) {
  CodeAddress address = locate_code(reinterpret_cast<const void*>(&forty_two));
  address.build_id.back() ^= 1U;
  EXPECT_THROW(resolve_code(address), NotShippable);
}

TEST(CodeAddress, OffsetOutsideTheCodeCannotBeResolved) {
  CodeAddress address = locate_code(reinterpret_cast<const void*>(&forty_two));
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    address.offset = offset;
    EXPECT_THROW(resolve_code(address), NotShippable) << offset;
  }
}

}  // namespace
}  // namespace overlap::detail
