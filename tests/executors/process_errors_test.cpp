// What tasks throw, and what cannot cross, between a process pool and its workers.
#include <gtest/gtest.h>

#include <stdexcept>

#include <overlap/core/remote_exception.hpp>
#include <overlap/executors/process_pool_executor.hpp>

namespace overlap {
namespace {

int add(int a, int b) { return a + b; }

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    return caught.what();
  }
}

struct Unregistered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Registered : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const bool registered = (register_exception<Registered>(), true);

TEST(ProcessPoolErrors, StandardAndRegisteredExceptionsComeBackAsThemselves) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto standard = pool.submit([] { throw std::invalid_argument("no such thing"); });
  EXPECT_THROW(standard.result(), std::invalid_argument);
  EXPECT_EQ(message_of(standard.exception()), "no such thing");
  EXPECT_THROW(pool.submit([] { throw Registered("known"); }).result(), Registered);
  EXPECT_THROW(pool.submit([] { throw std::bad_alloc(); }).result(), std::bad_alloc);
}

TEST(ProcessPoolErrors, OtherExceptionsComeBackAsRemoteErrorWithTheirType) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto future = pool.submit([] { throw Unregistered("what it said"); });
  try {
    future.result();
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_NE(error.type_name.find("Unregistered"), std::string::npos) << error.type_name;
    EXPECT_NE(std::string(error.what()).find("what it said"), std::string::npos) << error.what();
  }
  EXPECT_THROW(pool.submit([] { throw 42; }).result(), RemoteError);
}

TEST(ProcessPoolErrors, NestedContextComesAlong) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto future = pool.submit([] {
    try {
      throw std::out_of_range("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  try {
    future.result();
    FAIL();
  } catch (const std::runtime_error& outer) {
    EXPECT_STREQ(outer.what(), "outer");
    try {
      std::rethrow_if_nested(outer);
      FAIL();
    } catch (const std::out_of_range& inner) {
      EXPECT_STREQ(inner.what(), "inner");
    }
  }
}

TEST(ProcessPoolErrors, CapturingLambdaIsNotShippableThroughExecutor) {
  ProcessPoolExecutor pool({.max_workers = 1});
  Executor& executor = pool;
  int captured = 5;
  EXPECT_THROW(executor.submit([captured] { return captured; }), NotShippable);
  EXPECT_THROW(executor.submit([](int* pointer) { return *pointer; }, &captured), NotShippable);
  EXPECT_EQ(executor.submit(&add, 2, 2).result(), 4);
}

/// Crosses only as far as `stage` lets it.
struct Fragile {
  enum Stage : int { whole, fails_to_save, fails_to_load };
  int stage = whole;

  template <class Archive>
  void save(Archive& out) const {
    if (stage == fails_to_save) throw std::domain_error("cannot be saved");
    out(stage);
  }
  template <class Archive>
  void load(Archive& in) {
    in(stage);
    if (stage == fails_to_load) throw std::range_error("cannot be loaded");
  }
};

TEST(ProcessPoolErrors, ArgumentThatCannotCrossFailsItsFutureAlone) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto take = [](Fragile fragile) { return fragile.stage; };
  const auto good = pool.submit(take, Fragile{Fragile::whole});
  const auto unsaved = pool.submit(take, Fragile{Fragile::fails_to_save});
  const auto unloaded = pool.submit(take, Fragile{Fragile::fails_to_load});
  const auto good_too = pool.submit(take, Fragile{Fragile::whole});
  EXPECT_THROW(unsaved.result(), std::domain_error);
  EXPECT_THROW(unloaded.result(), std::range_error);
  EXPECT_EQ(good.result(), 0);
  EXPECT_EQ(good_too.result(), 0);
  EXPECT_EQ(pool.worker_pids().size(), 1u);
}

TEST(ProcessPoolErrors, ResultThatCannotCrossFailsItsFutureAlone) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto give = [](int stage) { return Fragile{stage}; };
  const auto unsaved = pool.submit(give, int{Fragile::fails_to_save});
  const auto unloaded = pool.submit(give, int{Fragile::fails_to_load});
  const auto good = pool.submit(give, int{Fragile::whole});
  EXPECT_THROW(unsaved.result(), std::domain_error);
  EXPECT_THROW(unloaded.result(), std::range_error);
  EXPECT_EQ(good.result().stage, 0);
}

}  // namespace
}  // namespace overlap
