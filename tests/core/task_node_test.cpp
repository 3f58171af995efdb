#include <overlap/core/detail/task_node.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <overlap/core/detail/shipping.hpp>

namespace overlap::detail {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

template <class F>
NodePtr<CallNode<F>> make_node(F function) {
  return NodePtr<CallNode<F>>::adopt(new CallNode<F>(std::in_place, std::move(function)));
}

/// Writes its name down when it is fired.
class Recorder final : public Continuation {
 public:
  Recorder(Kind kind, std::string name, std::vector<std::string>& log)
      : Continuation(kind), name_(std::move(name)), log_(log) {}
  void fire(TaskNode&) noexcept override { log_.push_back(name_); }

 private:
  const std::string name_;
  std::vector<std::string>& log_;
};

TEST(TaskNode, GoesFromPendingToRunningToFinished) {
  TaskNode::Phase inside{};
  TaskNode* self = nullptr;
  const auto node = make_node([&] {
    inside = self->phase();
    return 7;
  });
  self = node.get();
  EXPECT_EQ(node->phase(), TaskNode::pending);
  ASSERT_TRUE(node->try_start());
  EXPECT_FALSE(node->try_start());
  EXPECT_FALSE(node->try_cancel());
  node->run(RunMode::to_completion);
  EXPECT_EQ(inside, TaskNode::running);
  EXPECT_EQ(node->phase(), TaskNode::finished);
  EXPECT_EQ(node->value(), 7);
  EXPECT_FALSE(node->try_cancel());
  EXPECT_FALSE(node->try_start());
}

TEST(TaskNode, CancelledNodeCannotStart) {
  const auto node = make_node([] { ADD_FAILURE() << "ran"; });
  EXPECT_TRUE(node->try_cancel());
  EXPECT_TRUE(node->try_cancel());
  EXPECT_FALSE(node->try_start());
  EXPECT_FALSE(node->try_fail(std::make_exception_ptr(1)));
  EXPECT_EQ(node->phase(), TaskNode::cancelled);
}

TEST(TaskNode, FailedEngineFailsOnlyWhatHasNotStarted) {
  const auto pending = make_node([] {});
  EXPECT_TRUE(pending->try_fail(std::make_exception_ptr(BrokenExecutor("x"))));
  EXPECT_TRUE(pending->error());
  const auto running = make_node([] {});
  ASSERT_TRUE(running->try_start());
  EXPECT_FALSE(running->try_fail(std::make_exception_ptr(BrokenExecutor("x"))));
  running->run(RunMode::to_completion);
  EXPECT_FALSE(running->error());
}

TEST(TaskNode, CallIsDestroyedOnceBeforeTheEndIsSeen) {
  struct SeesPhase {
    TaskNode** node;
    std::vector<TaskNode::Phase>* seen;
    SeesPhase(TaskNode** of, std::vector<TaskNode::Phase>* into) : node(of), seen(into) {}
    SeesPhase(SeesPhase&& other) noexcept : node(std::exchange(other.node, nullptr)), seen(other.seen) {}
    SeesPhase& operator=(SeesPhase&&) = delete;
    ~SeesPhase() {
      if (node != nullptr) seen->push_back((*node)->phase());
    }
    void operator()() const {}
  };
  std::vector<TaskNode::Phase> seen;
  TaskNode* self = nullptr;
  {
    const auto node = make_node(SeesPhase(&self, &seen));
    self = node.get();
    ASSERT_TRUE(node->try_start());
    node->run(RunMode::to_completion);
    EXPECT_THAT(seen, ElementsAre(TaskNode::running));
  }
  EXPECT_THAT(seen, ElementsAre(TaskNode::running));
}

TEST(TaskNode, CallOfANodeThatNeverRanIsDestroyedWithIt) {
  const auto counted = std::make_shared<int>(0);
  {
    const auto node = make_node([counted] {});
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(TaskNode, WaitersAreFiredBeforeCallbacksEachInOrder) {
  std::vector<std::string> log;
  Recorder callback1(Continuation::Kind::callback, "callback 1", log);
  Recorder waiter1(Continuation::Kind::waiter, "waiter 1", log);
  Recorder callback2(Continuation::Kind::callback, "callback 2", log);
  Recorder waiter2(Continuation::Kind::waiter, "waiter 2", log);
  const auto node = make_node([] {});
  for (Recorder* recorder : {&callback1, &waiter1, &callback2, &waiter2}) ASSERT_TRUE(node->add(*recorder));
  ASSERT_TRUE(node->try_start());
  node->run(RunMode::to_completion);
  EXPECT_THAT(log, ElementsAre("waiter 1", "waiter 2", "callback 1", "callback 2"));
  Recorder late(Continuation::Kind::waiter, "late", log);
  EXPECT_FALSE(node->add(late));
}

TEST(TaskNode, RemovedContinuationIsNotFired) {
  std::vector<std::string> log;
  Recorder first(Continuation::Kind::waiter, "first", log);
  Recorder middle(Continuation::Kind::waiter, "middle", log);
  Recorder last(Continuation::Kind::waiter, "last", log);
  const auto node = make_node([] {});
  for (Recorder* recorder : {&first, &middle, &last}) ASSERT_TRUE(node->add(*recorder));
  EXPECT_TRUE(node->remove(middle));
  EXPECT_FALSE(node->remove(middle));
  EXPECT_TRUE(node->remove(last));
  EXPECT_TRUE(node->add(last));
  EXPECT_TRUE(node->remove(first));
  EXPECT_TRUE(node->try_cancel());
  EXPECT_THAT(log, ElementsAre("last"));
  EXPECT_FALSE(node->remove(last));
}

TEST(TaskNode, WaitReturnsFalseAtTheDeadlineAndTrueForWhatIsDone) {
  const auto node = make_node([] {});
  EXPECT_FALSE(node->wait(Clock::now() - 1s));
  EXPECT_FALSE(node->wait(Clock::now() + 1ms));
  EXPECT_TRUE(node->try_cancel());
  EXPECT_TRUE(node->wait(Clock::now() - 1s));
  EXPECT_TRUE(node->wait(TimePoint::max()));
  EXPECT_TRUE(node->wait(std::nullopt));
}

TEST(TaskNode, HelperRunsTheTaskOfItsOwnEngineOnly) {
  int engine = 0;
  int other = 0;
  const auto mine = make_node([] { return 1; });
  mine->set_home(&engine);
  const auto foreign = make_node([] { return 2; });
  foreign->set_home(&other);
  const CurrentHome home(&engine, CurrentHome::Kind::pool);
  EXPECT_TRUE(mine->help_or_wait(std::nullopt));
  EXPECT_FALSE(foreign->help_or_wait(Clock::now() + 1ms));
  EXPECT_EQ(foreign->phase(), TaskNode::pending);
}

TEST(TaskNode, PollRunsNothing) {
  int engine = 0;
  const auto node = make_node([] { ADD_FAILURE() << "ran"; });
  node->set_home(&engine);
  const CurrentHome home(&engine, CurrentHome::Kind::pool);
  EXPECT_FALSE(node->help_or_wait(Clock::now()));
  node->try_cancel();
}

TEST(TaskNode, LoopThatWaitsForItsOwnTaskIsToldSo) {
  int engine = 0;
  const auto node = make_node([] {});
  node->set_home(&engine);
  {
    const CurrentHome home(&engine, CurrentHome::Kind::loop);
    EXPECT_THROW(node->help_or_wait(std::nullopt), WouldDeadlock);
    EXPECT_FALSE(node->help_or_wait(Clock::now()));  // a poll only looks
  }
  EXPECT_EQ(CurrentHome::find(&engine), nullptr);
  node->try_cancel();
}

TEST(TaskNode, WorkerIsToldOnceJustBeforeTheEndIsSeen) {
  struct Worker final : RunningTask::Worker {
    void task_ends() noexcept override { phases.push_back(node->phase()); }
    void is_kept_busy() noexcept override { ++kept_busy; }
    TaskNode* node = nullptr;
    std::vector<TaskNode::Phase> phases;
    int kept_busy = 0;
  } worker;
  const auto node = make_node([] {});
  const auto other = make_node([] {});
  worker.node = node.get();
  ASSERT_TRUE(node->try_start());
  {
    const RunningTask running(*node, worker);
    EXPECT_TRUE(other->try_cancel());  // somebody else's end
    EXPECT_TRUE(worker.phases.empty());
    node->run(RunMode::to_completion);
  }
  EXPECT_THAT(worker.phases, ElementsAre(TaskNode::running));
  EXPECT_EQ(worker.kept_busy, 0);
}

TEST(TaskNode, WorkerIsToldThatCallbacksKeepItBusy) {
  struct Worker final : RunningTask::Worker {
    void task_ends() noexcept override { log->push_back("ends"); }
    void is_kept_busy() noexcept override { log->push_back("kept busy"); }
    std::vector<std::string>* log = nullptr;
  } worker;
  std::vector<std::string> log;
  worker.log = &log;
  Recorder waiter(Continuation::Kind::waiter, "waiter", log);
  Recorder callback(Continuation::Kind::callback, "callback", log);
  const auto node = make_node([&log] { log.push_back("runs"); });
  for (Recorder* recorder : {&callback, &waiter}) ASSERT_TRUE(node->add(*recorder));
  ASSERT_TRUE(node->try_start());
  {
    const RunningTask running(*node, worker);
    node->run(RunMode::to_completion);
  }
  EXPECT_THAT(log, ElementsAre("runs", "ends", "waiter", "kept busy", "callback"));
}

TEST(TaskQueue, IsFirstInFirstOut) {
  const auto a = make_node([] {});
  const auto b = make_node([] {});
  const auto c = make_node([] {});
  TaskQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.pop());
  queue.push(TaskPtr::share(a.get()));
  TaskQueue more;
  more.push(TaskPtr::share(b.get()));
  more.push(TaskPtr::share(c.get()));
  queue.append(std::move(more));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.pop().get(), a.get());
  queue.push_front(TaskPtr::share(a.get()));
  EXPECT_EQ(queue.pop().get(), a.get());
  EXPECT_EQ(queue.pop().get(), b.get());
  queue.push(TaskPtr::share(a.get()));
  TaskQueue moved(std::move(queue));
  EXPECT_EQ(moved.size(), 2U);
  EXPECT_EQ(moved.pop().get(), c.get());
  EXPECT_EQ(moved.pop().get(), a.get());
  EXPECT_EQ(moved.size(), 0U);
}

TEST(TaskQueue, ReleasesWhatIsLeft) {
  const auto counted = std::make_shared<int>(0);
  {
    TaskQueue queue;
    const auto node = make_node([counted] {});
    queue.push(TaskPtr::share(node.get()));
  }
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace overlap::detail
