#pragma once

#include <functional>
#include <optional>

#include <overlap/core/detail/callback.hpp>
#include <overlap/core/detail/result_node.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

template <class T>
class Future;

namespace detail {
struct FutureAccess;
}

/// The result of a task that may not have run yet: a cheap handle, shared by copying.
///
/// Safe to use from any thread. Dropping it neither cancels nor waits; the task still runs. A default-made Future
/// refers to no task: valid() is false and every other call throws std::logic_error.
template <class T>
class Future {
 public:
  using value_type = T;

  Future() noexcept = default;

  bool valid() const noexcept { return static_cast<bool>(node_); }
  /// Finished (with a result or an error) or cancelled. Never blocks, nor do the next two.
  bool done() const { return node().done(); }
  bool running() const { return node().phase() == detail::TaskNode::running; }
  bool cancelled() const { return node().phase() == detail::TaskNode::cancelled; }

  /// Waits, then gives the value, or rethrows what the task threw, or throws CancelledError. May be called any number
  /// of times. The reference lives as long as a handle does. A worker thread of the pool that the task was given to
  /// runs the task itself if it has not started, so tasks may wait for tasks of their own full pool.
  /// Throws WouldDeadlock on the thread of the event loop that the unfinished task belongs to.
  decltype(auto) result() const& {
    node().help_or_wait(std::nullopt);
    return get();
  }
  /// Moves the value out of the shared state: other handles are left with a moved-from value.
  T result() && {
    node().help_or_wait(std::nullopt);
    return std::move(*this).take();
  }
  /// Waits at most `timeout`, then throws TimeoutError, which changes nothing. Zero or less only looks. A result that
  /// is there at the deadline wins. A worker of the task's own pool does not run it here, but has another thread do so.
  decltype(auto) result(Duration timeout) const& {
    wait_or_throw(timeout);
    return get();
  }
  template <class Rep, class Period>
  decltype(auto) result(std::chrono::duration<Rep, Period> timeout) const& {
    return result(detail::saturating_cast(timeout));
  }
  template <class Rep, class Period>
  T result(std::chrono::duration<Rep, Period> timeout) && {
    wait_or_throw(detail::saturating_cast(timeout));
    return std::move(*this).take();
  }

  /// Waits, then gives what the task threw, or null. Throws CancelledError if it was cancelled.
  std::exception_ptr exception() const {
    node().help_or_wait(std::nullopt);
    return get_exception();
  }
  template <class Rep, class Period>
  std::exception_ptr exception(std::chrono::duration<Rep, Period> timeout) const {
    wait_or_throw(detail::saturating_cast(timeout));
    return get_exception();
  }

  /// True if the task had not started, and now never will, or was cancelled before. Never blocks.
  bool cancel() { return node().try_cancel(); }

  /// Cancels a task that has not started; asks one that runs to stop: its std::stop_token fires, a coroutine is
  /// cancelled at its next suspension. Never blocks; nothing happens to a task that takes no notice.
  void request_stop() {
    if (!cancel()) node().request_stop();
  }

  /// Calls `callback(const Future&)` once, when done: on the completing thread, after waiters were woken, in the order
  /// of addition; at once, on this thread, if done already. It runs under no lock. What it throws goes to the
  /// unhandled hook.
  template <class F>
  void add_done_callback(F callback) const {
    static_assert(std::is_invocable_v<F&, const Future&>, "a done callback is called with the Future");
    detail::TaskNode& task = node();
    detail::Callback* const link =
        new detail::FunctionCallback<T, F>(std::move(callback));  // deletes itself when fired
    if (!task.add(*link)) link->fire(task);
  }

  friend bool operator==(const Future&, const Future&) noexcept = default;

 private:
  friend struct detail::FutureAccess;

  explicit Future(detail::NodePtr<detail::ResultNode<T>> node) noexcept : node_(std::move(node)) {}

  detail::ResultNode<T>& node() const {
    if (!node_) throw std::logic_error("overlap::Future: this handle refers to no task");
    return *node_;
  }
  void wait_or_throw(Duration timeout) const {
    if (!node().help_or_wait(deadline_after(timeout))) throw TimeoutError("the task was not done in time");
  }
  void rethrow() const {
    if (cancelled()) throw CancelledError();
    if (node_->error()) std::rethrow_exception(node_->error());
  }
  std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>> get() const {
    rethrow();
    if constexpr (!std::is_void_v<T>) return node_->value();
  }
  T take() && {
    rethrow();
    if constexpr (!std::is_void_v<T>) return std::move(node_->value());
  }
  std::exception_ptr get_exception() const {
    if (cancelled()) throw CancelledError();
    return node_->error();
  }

  detail::NodePtr<detail::ResultNode<T>> node_;
};

namespace detail {

/// The library's own way in and out of a Future.
struct FutureAccess {
  template <class T>
  static Future<T> make(NodePtr<ResultNode<T>> node) noexcept {
    return Future<T>(std::move(node));
  }
  template <class T>
  static ResultNode<T>& node(const Future<T>& future) {
    return future.node();
  }
};

template <class T, class F>
void FunctionCallback<T, F>::call(TaskNode& node) {
  const auto future = FutureAccess::make(NodePtr<ResultNode<T>>::share(static_cast<ResultNode<T>*>(&node)));
  std::invoke(function_, future);
}

}  // namespace detail
}  // namespace overlap
