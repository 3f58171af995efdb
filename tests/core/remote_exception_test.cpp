#include <overlap/core/remote_exception.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <new>
#include <system_error>

#include <overlap/core/errors.hpp>
#include <overlap/core/hook.hpp>

namespace overlap {
namespace {

using testing::HasSubstr;

std::exception_ptr round_trip(const std::exception_ptr& error) {
  detail::Encoder out;
  detail::encode_exception(out, error);
  detail::Decoder in(out.bytes());
  std::exception_ptr copy = detail::decode_exception(in);
  EXPECT_EQ(in.left(), 0U);
  return copy;
}

/// Expects exactly this type, and this what().
template <class E>
void expect_error(const std::exception_ptr& error, const std::string& what) {
  try {
    std::rethrow_exception(error);
  } catch (const E& caught) {
    EXPECT_EQ(typeid(caught), typeid(E));
    EXPECT_EQ(caught.what(), what);
  } catch (const std::exception& caught) {
    FAIL() << typeid(caught).name() << ": " << caught.what();
  } catch (...) {
    FAIL() << "not a std::exception";
  }
}

template <class E>
void expect_crosses(const E& error) {
  expect_error<E>(round_trip(std::make_exception_ptr(error)), error.what());
}

struct Mine : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Registered : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(RemoteException, StandardTypesAreRethrownAsThemselves) {
  expect_crosses(std::runtime_error("a"));
  expect_crosses(std::logic_error("b"));
  expect_crosses(std::invalid_argument("c"));
  expect_crosses(std::domain_error("d"));
  expect_crosses(std::length_error("e"));
  expect_crosses(std::out_of_range("f"));
  expect_crosses(std::range_error("g"));
  expect_crosses(std::overflow_error("h"));
  expect_crosses(std::underflow_error("i"));
  expect_crosses(std::bad_alloc());
}

TEST(RemoteException, TypesOfThisLibraryAreRethrownAsThemselves) {
  expect_crosses(CancelledError("a"));
  expect_crosses(TimeoutError("b"));
  expect_crosses(BrokenExecutor("c"));
  expect_crosses(BrokenThreadPool("d"));
  expect_crosses(WorkerCrashed("e"));
  expect_crosses(NotShippable("f"));
  expect_crosses(WouldDeadlock("g"));
  expect_crosses(Error("h"));
}

TEST(RemoteException, UnregisteredTypeBecomesARemoteErrorThatNamesIt) {
  const auto error = round_trip(std::make_exception_ptr(Mine("oh no")));
  try {
    std::rethrow_exception(error);
  } catch (const RemoteError& caught) {
    EXPECT_THAT(caught.type_name, HasSubstr("Mine"));
    EXPECT_EQ(caught.what(), caught.type_name + ": oh no");
  }
}

TEST(RemoteException, RegisteredTypeIsRethrownAsItself) {
  register_exception<Registered>();
  expect_crosses(Registered("x"));
}

TEST(RemoteException, TypesWithOtherConstructorsBecomeRemoteErrors) {
  for (const auto& error : {std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::timed_out), "x")),
                            std::make_exception_ptr(std::filesystem::filesystem_error("y", std::error_code())),
                            std::make_exception_ptr(5)}) {
    EXPECT_THROW(std::rethrow_exception(round_trip(error)), RemoteError);
  }
}

TEST(RemoteException, WhatIsNoExceptionAtAllStillCrosses) {
  EXPECT_THAT(detail::describe(round_trip(std::make_exception_ptr(std::string("text")))), HasSubstr("string"));
}

TEST(RemoteException, MessagesCrossWhateverIsInThem) {
  expect_crosses(std::runtime_error(""));
  expect_crosses(std::runtime_error(std::string(1'000'000, 'x')));
  expect_crosses(std::runtime_error("two\nlines and \xff"));
}

void throw_nested(int depth) {
  try {
    if (depth > 1) throw_nested(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(depth)));
  }
  if (depth == 1) throw Registered("the cause");
}

std::vector<std::string> messages_of(std::exception_ptr error) {
  std::vector<std::string> messages;
  while (error) {
    messages.push_back(detail::describe(error));
    try {
      std::rethrow_exception(error);
    } catch (const std::nested_exception& nested) {
      error = nested.nested_ptr();
    } catch (...) {
      error = nullptr;
    }
  }
  return messages;
}

TEST(RemoteException, NestedContextIsNestedAgain) {
  register_exception<Registered>();
  std::exception_ptr error;
  try {
    throw_nested(3);
  } catch (...) {
    error = std::current_exception();
  }
  const std::vector<std::string> expected{"level 3", "level 2", "the cause"};
  ASSERT_EQ(messages_of(error), expected);
  const auto copy = round_trip(error);
  EXPECT_EQ(messages_of(copy), expected);
  EXPECT_THROW(std::rethrow_exception(copy), std::runtime_error);
  EXPECT_EQ(messages_of(round_trip(copy)), expected);
}

TEST(RemoteException, NestingOfUnregisteredTypesKeepsTheirNames) {
  std::exception_ptr error;
  try {
    try {
      throw Mine("inner");
    } catch (...) {
      std::throw_with_nested(Mine("outer"));
    }
  } catch (...) {
    error = std::current_exception();
  }
  const auto messages = messages_of(round_trip(error));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_THAT(messages[0], testing::MatchesRegex("overlap::.*Mine: outer"));
  EXPECT_THAT(messages[1], testing::MatchesRegex("overlap::.*Mine: inner"));
}

TEST(RemoteException, VeryDeepNestingIsCutNotFatal) {
  std::exception_ptr error;
  try {
    throw_nested(1000);
  } catch (...) {
    error = std::current_exception();
  }
  const auto messages = messages_of(round_trip(error));
  EXPECT_GE(messages.size(), 8U);
  EXPECT_EQ(messages.front(), "level 1000");
}

TEST(RemoteException, OneWithoutAMessageCrossesUnderTheNameOfItsType) {
  struct Silent : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  const auto messages = messages_of(round_trip(std::make_exception_ptr(Silent())));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages[0], testing::MatchesRegex("overlap::.*Silent: an exception without a message"));
}

TEST(RemoteException, NothingWhereAnErrorMustBeIsRefused) { EXPECT_THROW(round_trip(nullptr), NotShippable); }

}  // namespace
}  // namespace overlap
