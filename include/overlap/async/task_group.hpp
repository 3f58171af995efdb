#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <overlap/async/detail/child.hpp>
#include <overlap/async/task.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/future.hpp>

namespace overlap {

/// What the tasks of a TaskGroup threw, all of it. what() says how many failed, and each message.
class TaskGroupError : public Error {
 public:
  /// `errors`: at least one, none of them null.
  explicit TaskGroupError(std::vector<std::exception_ptr> errors);

  /// In the order in which they were thrown.
  const std::vector<std::exception_ptr>& errors() const noexcept { return *errors_; }

 private:
  std::shared_ptr<const std::vector<std::exception_ptr>> errors_;
};

namespace detail {

/// The tasks of a group and what became of them. The thread of its loop alone.
class GroupState : public std::enable_shared_from_this<GroupState> {
 public:
  GroupState() : loop_(require_loop()) {}

  /// False when what is spawned now is cancelled before it begins. Throws when the group has ended, or elsewhere than
  /// on its loop.
  bool may_begin() const;
  /// Starts a child that finishes `node`.
  void start(StopRequest& stop, TaskPtr node, const std::function<Loop::Entry(StartedPtr)>& make_entry);
  void set_body(Loop::Started body) { body_ = std::move(body); }
  void body_ended(const std::exception_ptr& error);

  /// Waits until body and children have ended; then throws what is to be thrown, but for an error of the body's own
  /// that means its cancellation.
  boost::asio::awaitable<void> wait();

  std::size_t children() const noexcept { return children_.size(); }

 private:
  void child_ended(std::list<Loop::Started>::iterator child, const std::exception_ptr& error);
  void cancel_all();
  void check_end();

  Loop& loop_;
  Loop::Started body_;
  std::list<Loop::Started> children_;  // that have not ended
  std::vector<std::exception_ptr> errors_;
  bool body_has_ended_ = false;
  bool cancelled_ =
      false;  // everything in it was asked to end: one failed, or the task that runs the group was cancelled
  std::optional<Event> all_ended_{std::in_place};  // until it was waited for: the group may outlive the loop
};

/// The result of a child. PENDING until it begins.
template <class T>
class GroupNode final : public ResultNode<T> {
 public:
  void run(RunMode) override {}  // run_group_child() does
  void request_stop() noexcept override { stop_request_.request(); }
  StopRequest& stop_request() noexcept { return stop_request_; }

 private:
  ~GroupNode() override = default;
  void drop_call() noexcept override {}

  StopRequest stop_request_;
};

template <class Returned>
struct GroupBody;
template <class T>
struct GroupBody<boost::asio::awaitable<T>> {
  using Result = T;
};

}  // namespace detail

/// Tasks that end together: what is started in a group has ended when the group has.
///
///     auto body = [](TaskGroup& group) -> Task<void> {
///       group.spawn(first());
///       group.spawn(second());
///       co_await third();
///     };
///     co_await TaskGroup::run(body);
///
/// A copy stands for the same group and may outlive it. Use it on the thread of the group's loop only.
class TaskGroup {
 public:
  /// Calls `body(group)` and gives the result of the Task that it returns, once that and every task spawned in the
  /// group has ended. The first that fails has the others cancelled; then all errors are thrown together as a
  /// TaskGroupError.
  ///
  /// A task that ends by cancellation, its own or through its future, is no failure. If the body does, the rest is
  /// cancelled, and its error is thrown as it is. When the task that awaits the group is cancelled, everything in it is
  /// cancelled and awaited, and operation_aborted is thrown; errors that nobody gets to see then go to the unhandled
  /// hook.
  template <class Body>
    requires std::invocable<Body&, TaskGroup&>
  static std::invoke_result_t<Body&, TaskGroup&> run(Body body);

  /// Starts a task in the group; it begins in the loop's next round. Its future may be awaited, copied, dropped, and
  /// request_stop() cancels this task alone, from any thread. A blocking result() in a task of the loop throws
  /// WouldDeadlock. After a failure nothing begins any more:
  /// the future is cancelled. Throws std::logic_error when the group has ended, or in a task of another loop.
  template <class T>
  Future<T> spawn(Task<T> task);

  /// How many spawned tasks have not ended.
  std::size_t size() const noexcept { return state_->children(); }

 private:
  explicit TaskGroup(std::shared_ptr<detail::GroupState> state) : state_(std::move(state)) {}

  template <class T, class Body>
  static Task<T> call(Body* body, TaskGroup* group);

  std::shared_ptr<detail::GroupState> state_;
};

template <class Body>
  requires std::invocable<Body&, TaskGroup&>
std::invoke_result_t<Body&, TaskGroup&> TaskGroup::run(Body body) {
  using T = typename detail::GroupBody<std::invoke_result_t<Body&, TaskGroup&>>::Result;
  auto state = std::make_shared<detail::GroupState>();
  TaskGroup group(state);
  // The body is a task of its own, so that a failure can cancel it and leave this task alone.
  auto child = detail::start_child(call<T>(&body, &group), [state](const auto& error) { state->body_ended(error); });
  state->set_body(child->started);
  co_await state->wait();
  if constexpr (std::is_void_v<T>) {
    child->outcome.value();
  } else {
    co_return child->outcome.value();
  }
}

template <class T, class Body>
Task<T> TaskGroup::call(Body* body, TaskGroup* group) {
  auto task = std::invoke(*body, *group);
  co_return co_await std::move(task);
}

template <class T>
Future<T> TaskGroup::spawn(Task<T> task) {
  using Node = detail::GroupNode<T>;
  auto node = detail::NodePtr<Node>::adopt(new Node);
  if (const Loop* const loop = Loop::current()) node->set_home(loop->home());
  auto future = detail::FutureAccess::make(detail::NodePtr<detail::ResultNode<T>>::share(node.get()));
  if (state_->may_begin()) {
    auto pointer = detail::TaskPtr::share(node.get());
    state_->start(node->stop_request(), std::move(pointer), [&task, &node](detail::StartedPtr started) {
      return detail::deliver(std::move(task), detail::NodePtr<detail::ResultNode<T>>::share(node.get()),
                             std::move(started), detail::CancelledBy::whatever);
    });
  } else {
    node->try_cancel();
  }
  return future;
}

}  // namespace overlap
