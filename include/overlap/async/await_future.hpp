#pragma once
/// `co_await future` inside a Task: suspends the task, not the thread, until the future is done; then gives its value
/// or throws its error. `co_await std::move(future)` (or of a future just returned) moves the value out; otherwise it
/// is copied. A task that is cancelled while it waits gets operation_aborted; the future's own task is not touched.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <memory>
#include <utility>

#include <overlap/async/loop.hpp>
#include <overlap/core/future.hpp>

namespace overlap::detail {

/// True when the node is done. A worker of the pool that the task waits in starts it on the spot (as Future::result()
/// does), since nobody else may come to it.
bool ready_or_started(TaskNode& node);

/// The link between a future's node and a suspended coroutine. `Resume` is called once, on the coroutine's own loop.
template <class Executor, class Resume>
class FutureWait final : public Continuation {
 public:
  FutureWait(TaskPtr node, Executor executor, Resume resume, bool& cancelled)
      : Continuation(Kind::waiter),
        node_(std::move(node)),
        executor_(std::move(executor)),
        door_(door_of(executor_)),
        resume_(std::move(resume)),
        cancelled_(cancelled) {}

  /// Waits from now on; deletes itself when it has resumed the coroutine.
  void start() {
    auto slot = resume_.get_cancellation_slot();
    if (slot.is_connected()) {
      slot.assign([this](boost::asio::cancellation_type) { cancel(); });
    }
    if (trace_on()) [[unlikely]]
      trace_awaits(node_->trace_identity().get());
    if (!node_->add(*this)) post_resume();
  }

  void fire(TaskNode&) noexcept override { post_resume(); }

 private:
  // On the loop's thread. When the future has fired already, its result is on the way and is not lost.
  void cancel() {
    if (!node_->remove(*this)) return;
    cancelled_ = true;
    post_resume();
  }

  // Called by whatever thread finishes the future; the loop may end as soon as the coroutine has been resumed.
  void post_resume() noexcept {
    const std::shared_ptr<Loop::Door> door = door_;
    const Executor executor = executor_;
    auto resume_and_die = [owned = std::unique_ptr<FutureWait>(this)]() mutable {
      Resume resume = std::move(owned->resume_);
      const auto loop = owned->door_ ? Loop::current() : nullptr;
      const std::uint64_t task = owned->task_;
      owned.reset();
      if (loop == nullptr) {
        resume();
      } else {
        const Loop::Turn turn(*loop);
        const TraceTurn traced(task);
        resume();
      }
    };
    if (door) {
      door->post(std::move(resume_and_die));
    } else {
      boost::asio::post(executor, std::move(resume_and_die));
    }
  }

  // Null for a coroutine that somebody else's io_context runs.
  static std::shared_ptr<Loop::Door> door_of(const Executor& executor) {
    Loop* const loop = Loop::current();
    if (loop == nullptr || &boost::asio::query(executor, boost::asio::execution::context) != &loop->context())
      return {};
    return loop->door();
  }

  TaskPtr node_;
  const Executor executor_;
  const std::shared_ptr<Loop::Door> door_;
  Resume resume_;
  bool& cancelled_;
  const std::uint64_t task_ = trace_here();  // that waits
};

}  // namespace overlap::detail

// Asio's coroutines await what its traits call an asynchronous operation. A Future is declared one, and the awaiter
// that Asio makes for an operation is specialised for it, since the general one can neither skip the suspension nor
// throw the task's own exception.
namespace boost::asio {

template <class T>
struct is_async_operation<overlap::Future<T>> : std::true_type {};
template <class T>
struct is_async_operation<overlap::Future<T>&> : std::true_type {};
template <class T>
struct is_async_operation<const overlap::Future<T>&> : std::true_type {};
template <class T>
struct completion_signature_of<overlap::Future<T>> {
  using type = void();
};
template <class T>
struct completion_signature_of<overlap::Future<T>&> {
  using type = void();
};
template <class T>
struct completion_signature_of<const overlap::Future<T>&> {
  using type = void();
};

namespace detail {

template <class T, class Executor>
class awaitable_async_op<void(), overlap::Future<T>, Executor> {
  using Resume = awaitable_async_op_handler<void(), Executor>;

 public:
  awaitable_async_op(const overlap::Future<T>& future, awaitable_frame_base<Executor>* frame)
      : future_(future), frame_(frame) {}
  awaitable_async_op(overlap::Future<T>&& future, awaitable_frame_base<Executor>* frame)
      : future_(std::move(future)), frame_(frame), may_move_(true) {}

  bool await_ready() const { return overlap::detail::ready_or_started(node()); }

  void await_suspend(coroutine_handle<void>) {
    frame_->after_suspend([](void* self) { static_cast<awaitable_async_op*>(self)->wait(); }, this);
  }

  T await_resume() {
    if (cancelled_) throw boost::system::system_error(error::operation_aborted, "co_await future");
    if (may_move_) return std::move(future_).result();
    if constexpr (std::is_void_v<T> || std::is_copy_constructible_v<T>) {
      return future_.result();
    } else {
      throw std::logic_error("co_await of a named future copies its value, which cannot be copied: std::move it");
    }
  }

 private:
  overlap::detail::ResultNode<T>& node() const { return overlap::detail::FutureAccess::node(future_); }

  void wait() {
    typename Resume::result_type unused;
    Resume resume(frame_->detach_thread(), unused);
    auto executor = resume.get_executor();
    using Wait = overlap::detail::FutureWait<decltype(executor), Resume>;
    auto node_pointer = overlap::detail::TaskPtr::share(&node());
    (new Wait(std::move(node_pointer), std::move(executor), std::move(resume), cancelled_))->start();
  }

  overlap::Future<T> future_;
  awaitable_frame_base<Executor>* frame_;
  bool may_move_ = false;
  bool cancelled_ = false;
};

}  // namespace detail
}  // namespace boost::asio
