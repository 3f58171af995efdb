// How a group ends, step by step:
//   1. The body ends, or something fails, or the task that runs the group is cancelled. The last two ask everything in
//      the group to end, once.
//   2. The children end, one after the other; those still running may spawn more, which then is cancelled at once.
//   3. When body and children have ended, the waiting task wakes and throws: that it was cancelled itself, or else what
//      failed, or else the body's own cancellation.

#include <overlap/async/task_group.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <overlap/core/hook.hpp>

namespace overlap {
namespace {

std::string list(const std::vector<std::exception_ptr>& errors) {
  std::string text = std::to_string(errors.size()) + (errors.size() == 1 ? " task failed" : " tasks failed");
  const char* separator = ": ";
  for (const std::exception_ptr& error : errors) {
    text.append(separator).append(detail::describe(error));
    separator = "; ";
  }
  return text;
}

}  // namespace

TaskGroupError::TaskGroupError(std::vector<std::exception_ptr> errors)
    : Error(list(errors)), errors_(std::make_shared<const std::vector<std::exception_ptr>>(std::move(errors))) {}

namespace detail {

bool GroupState::may_begin() const {
  if (Loop::current() != &loop_)
    throw std::logic_error("TaskGroup: spawn elsewhere than in a task of the group's loop");
  if (body_has_ended_ && children_.empty()) throw std::logic_error("TaskGroup: spawn after the group has ended");
  return !cancelled_;
}

void GroupState::start(StopRequest& stop, TaskPtr node, const std::function<Loop::Entry(StartedPtr)>& make_entry) {
  const TraceTurn setup(trace_on() ? node->trace_identity().get() : 0, TraceTurn::Begin::unsaid);
  const auto place = children_.emplace(children_.end());
  try {
    auto ended = [self = shared_from_this(), place, node = std::move(node)] {
      self->child_ended(place, node->phase() == TaskNode::finished ? node->error() : nullptr);
    };
    const StartedPtr child = loop_.prepare(&stop, std::move(ended), Loop::Leftover::cancel);
    Loop::Entry entry = make_entry(child);
    *place = loop_.launch(child, std::move(entry), Loop::Begin::next_round);
  } catch (...) {  // out of memory
    children_.erase(place);
    throw;
  }
}

void GroupState::child_ended(std::list<Loop::Started>::iterator child, const std::exception_ptr& error) {
  children_.erase(child);
  if (error) {
    errors_.push_back(error);
    cancel_all();
  }
  check_end();
}

void GroupState::body_ended(const std::exception_ptr& error) {
  body_has_ended_ = true;
  if (error) {
    // What a child threw comes a second time from a body that awaits the child's future.
    const bool is_known = std::find(errors_.begin(), errors_.end(), error) != errors_.end();
    if (!is_known && !ended_by_cancel(error)) errors_.push_back(error);
    cancel_all();
  }
  check_end();
}

void GroupState::cancel_all() {
  if (std::exchange(cancelled_, true)) return;
  body_.cancel();
  const std::vector<Loop::Started> children(children_.begin(), children_.end());  // one may end at once
  for (const Loop::Started& child : children) child.cancel();
}

void GroupState::check_end() {
  if (body_has_ended_ && children_.empty()) all_ended_->set();
}

boost::asio::awaitable<void> GroupState::wait() {
  std::function<void()> cancel = [this] { cancel_all(); };
  const Event::Woken woken = co_await all_ended_->wait_or_end(std::nullopt, std::move(cancel));
  all_ended_.reset();
  if (woken ==
      Event::Woken::by_cancel) {  // also when tasks failed: who cancelled this task waits for it to end by that
    for (const std::exception_ptr& error : errors_) report_unhandled("task group", error);
    throw_cancelled();
  }
  if (!errors_.empty()) throw TaskGroupError(std::move(errors_));
}

}  // namespace detail
}  // namespace overlap
