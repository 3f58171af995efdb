// How a coroutine is asked to stop: who listens is told once, whoever comes first.
#include <overlap/core/detail/stop_request.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <overlap/core/detail/task_node.hpp>

namespace overlap::detail {
namespace {

struct Counter {
  std::atomic<int> told{0};
  std::atomic<int> destroyed{0};
};

class Listener final : public StopRequest::Listener {
 public:
  explicit Listener(Counter& counter) noexcept : counter_(counter) {}
  void stop_requested() noexcept override { ++counter_.told; }

 private:
  ~Listener() override { ++counter_.destroyed; }
  Counter& counter_;
};

NodePtr<Listener> make_listener(Counter& counter) { return NodePtr<Listener>::adopt(new Listener(counter)); }

TEST(StopRequest, TellsWhoListensOnce) {
  Counter counter;
  {
    const auto listener = make_listener(counter);
    StopRequest request;
    request.listen(*listener);
    EXPECT_FALSE(request.requested());
    request.request();
    request.request();
    EXPECT_TRUE(request.requested());
    request.ignore(*listener);
    EXPECT_TRUE(request.requested());
  }
  EXPECT_EQ(counter.told, 1);
  EXPECT_EQ(counter.destroyed, 1);
}

TEST(StopRequest, TellsWhoListensLater) {
  Counter counter;
  StopRequest request;
  request.request();
  request.listen(*make_listener(counter));
  EXPECT_EQ(counter.told, 1);
  EXPECT_EQ(counter.destroyed, 1);
}

TEST(StopRequest, TellsNobodyWhoHasCeasedToListen) {
  Counter counter;
  StopRequest request;
  {
    const auto listener = make_listener(counter);
    request.listen(*listener);
    request.ignore(*listener);
  }
  EXPECT_EQ(counter.destroyed, 1);
  request.request();
  EXPECT_TRUE(request.requested());
  EXPECT_EQ(counter.told, 0);
}

TEST(StopRequest, ListenerThatCeasesWhileItIsToldIsDestroyedOnce) {
  for (int round = 0; round < 500; ++round) {
    Counter counter;
    StopRequest request;
    auto listener = make_listener(counter);
    request.listen(*listener);
    {
      std::jthread asking([&] { request.request(); });
      request.ignore(*listener);
      listener = {};
    }
    EXPECT_LE(counter.told, 1);
    EXPECT_EQ(counter.destroyed, 1);
  }
}

}  // namespace
}  // namespace overlap::detail
