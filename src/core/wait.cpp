#include <overlap/core/wait.hpp>

#include <algorithm>
#include <deque>
#include <unordered_set>

#include <fmt/format.h>

#include <overlap/core/mutex.hpp>

namespace overlap::detail {

/// Shared by the waiting thread and the links that the nodes hold, so that it outlives whichever goes last.
class CompletionQueue::State {
 public:
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  explicit State(std::size_t most) { finished_.reserve(most); }  // so that push() cannot fail

  /// Links one node; false when it is done already.
  bool watch(TaskNode& node, std::size_t index) {
    links_.emplace_back(*this, index);
    retain();
    if (node.add(links_.back())) return true;
    release();
    return false;
  }

  /// Unlinks all that did not fire.
  void unwatch(const std::vector<TaskPtr>& nodes) noexcept {
    for (Link& link : links_) {
      const TaskPtr& node = nodes[link.index];
      if (node && node->remove(link)) release();
    }
  }

  void push(std::size_t index) noexcept OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    finished_.push_back(index);
    ready_.notify_one();
  }

  std::optional<std::size_t> pop(std::optional<TimePoint> deadline, bool may_block) OVERLAP_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (next_ == finished_.size() && may_block) {
      if (!deadline || *deadline == TimePoint::max()) {
        ready_.wait(lock);
      } else if (!ready_.wait_until(lock, *deadline)) {
        may_block = false;
      }
    }
    if (next_ == finished_.size()) return std::nullopt;
    return finished_[next_++];
  }

 private:
  struct Link final : Continuation {
    Link(State& owner, std::size_t at) noexcept : Continuation(Kind::waiter), state(owner), index(at) {}
    void fire(TaskNode&) noexcept override {
      state.push(index);
      state.release();  // may delete this link too
    }
    State& state;
    const std::size_t index;
  };

  std::atomic<std::size_t> references_{1};
  std::deque<Link> links_;  // stable addresses
  Mutex mutex_;
  CondVar ready_;
  std::vector<std::size_t> finished_ OVERLAP_GUARDED_BY(mutex_);  // indices, in the order of finishing
  std::size_t next_ OVERLAP_GUARDED_BY(mutex_) = 0;               // the first not yet reported
};

CompletionQueue::CompletionQueue(std::vector<TaskPtr> nodes)
    : nodes_(std::move(nodes)), state_(NodePtr<State>::adopt(new State(nodes_.size()))) {
  std::unordered_set<const TaskNode*> seen;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!seen.insert(nodes_[i].get()).second) {
      nodes_[i] = {};
      continue;
    }
    ++total_;
    if (!state_->watch(*nodes_[i], i)) state_->push(i);
  }
}

CompletionQueue::~CompletionQueue() { state_->unwatch(nodes_); }

std::optional<std::size_t> CompletionQueue::next(std::optional<TimePoint> deadline) {
  if (reported_ == total_) return std::nullopt;
  std::optional<std::size_t> index = state_->pop(deadline, false);
  if (has_time_limit(deadline)) {
    if (!index && *deadline > Clock::now()) index = lend_one(*deadline);
  } else {
    while (!index && help_one()) index = state_->pop(deadline, false);
  }
  if (!index) index = state_->pop(deadline, true);
  if (index) ++reported_;
  if (lent_ && lent_->done()) lent_ = {};
  return index;
}

/// The next task that this thread, waiting, would keep from being run; null if there is none.
const CurrentHome* CompletionQueue::find_stuck(TaskPtr& node) {
  for (; helped_up_to_ < nodes_.size(); ++helped_up_to_) {
    node = nodes_[helped_up_to_];
    if (!node || node->done()) continue;
    const CurrentHome* const home = CurrentHome::find(node->home());
    if (home == nullptr) continue;
    home->check_may_wait();
    if (node->phase() == TaskNode::pending) return home;
  }
  return nullptr;
}

// A worker that waits for tasks of its own pool runs one that has not started: waiting alone could be for ever.
bool CompletionQueue::help_one() {
  TaskPtr node;
  while (find_stuck(node) != nullptr) {
    ++helped_up_to_;
    if (!node->try_start()) continue;
    node->run(RunMode::to_completion);
    return true;
  }
  return false;
}

// With a time limit it must not: it has another thread run one, and the next when that one is done. Gives what finished
// meanwhile.
std::optional<std::size_t> CompletionQueue::lend_one(TimePoint deadline) {
  if (lent_) return std::nullopt;
  TaskPtr node;
  const CurrentHome* const home = find_stuck(node);
  if (home == nullptr || home->helper() == nullptr) return std::nullopt;
  if (home->helper()->may_be_taken()) {
    if (const auto index = state_->pop(std::min(deadline, Clock::now() + kPatience), true)) return index;
  }
  if (node->phase() == TaskNode::pending) home->helper()->lend(*node);
  lent_ = std::move(node);
  return std::nullopt;
}

std::string unfinished_message(std::size_t unfinished, std::size_t total) {
  return fmt::format("{} (of {}) futures unfinished", unfinished, total);
}

namespace {

bool ended_with_error(const TaskNode& node) noexcept {
  return node.phase() == TaskNode::finished && node.error() != nullptr;
}

bool enough(ReturnWhen when, const std::vector<TaskPtr>& nodes, std::size_t total) {
  std::size_t done = 0;
  bool failed = false;
  std::unordered_set<const TaskNode*> seen;
  for (const TaskPtr& node : nodes) {
    if (!node->done() || !seen.insert(node.get()).second) continue;
    ++done;
    failed = failed || ended_with_error(*node);
  }
  if (done == total) return true;
  return (when == ReturnWhen::FirstCompleted && done > 0) || (when == ReturnWhen::FirstException && failed);
}

}  // namespace

std::vector<WaitMark> wait_nodes(std::vector<TaskPtr> nodes, ReturnWhen when, std::optional<TimePoint> deadline) {
  CompletionQueue queue(nodes);
  if (!enough(when, nodes, queue.total())) {
    while (const std::optional<std::size_t> index = queue.next(deadline)) {
      if (when == ReturnWhen::FirstCompleted) break;
      if (when == ReturnWhen::FirstException && ended_with_error(*nodes[*index])) break;
    }
  }
  std::vector<WaitMark> marks(nodes.size(), WaitMark::duplicate);
  std::unordered_set<const TaskNode*> seen;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (seen.insert(nodes[i].get()).second) marks[i] = nodes[i]->done() ? WaitMark::done : WaitMark::not_done;
  }
  return marks;
}

}  // namespace overlap::detail
