#pragma once
/// A node that can hold a result, and the node of one call: callable, arguments and result in one allocation.

#include <cxxabi.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <variant>

#include <overlap/core/detail/stop_request.hpp>
#include <overlap/core/detail/task_node.hpp>
#include <overlap/core/errors.hpp>

namespace overlap::detail {

/// What is stored for a result of type T; void becomes an empty struct.
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
class ResultNode : public TaskNode {
 public:
  static_assert(!std::is_reference_v<T>, "a task returns a value: return a pointer or std::ref for a reference");

  /// RUNNING -> FINISHED with a value made from `arguments`; the callable is destroyed first. If making the value
  /// throws, the task fails with that.
  template <class... Arguments>
  void deliver(Arguments&&... arguments) noexcept {
    try {
      std::construct_at(std::addressof(storage_.value), std::forward<Arguments>(arguments)...);
      has_value_ = true;
    } catch (...) {
      fail(std::current_exception());
      return;
    }
    drop_call();
    publish(finished);
  }

  /// Only once done() and without error.
  Stored<T>& value() noexcept { return storage_.value; }

 protected:
  ~ResultNode() override {
    if (has_value_) std::destroy_at(std::addressof(storage_.value));
  }

 private:
  union Storage {
    Storage() noexcept {}
    ~Storage() {}
    Stored<T> value;
  } storage_;
};

/// How the value that a callable returns becomes the task's result. The ordinary one: it is the result. A library of
/// coroutines specialises it for its task type, with the type of the result and a drive() that runs the coroutine and
/// finishes the node, now or (RunMode::may_detach) later.
template <class Returned>
struct ResultAdapter {
  using Result = Returned;
  static constexpr bool is_coroutine = false;
};

/// A call of the arguments alone comes first: a generic callable gets them and nothing else, and is not even
/// instantiated with a token.
template <class F, class... A>
inline constexpr bool takes_stop_token =
    std::conjunction_v<std::negation<std::is_invocable<F, A...>>, std::is_invocable<F, std::stop_token, A...>>;

template <class F, class... A>
struct CallTraits {
  static_assert(takes_stop_token<F, A...> || std::is_invocable_v<F, A...>,
                "submit(f, args...): f cannot be called with these arguments (they are copied or moved, then moved in; "
                "pass std::ref for a reference)");
  using Returned = typename std::conditional_t<takes_stop_token<F, A...>, std::invoke_result<F, std::stop_token, A...>,
                                               std::invoke_result<F, A...>>::type;
  using Adapter = ResultAdapter<Returned>;
  using Result = typename Adapter::Result;
  static constexpr bool takes_token = takes_stop_token<F, A...>;
  static constexpr bool is_coroutine = Adapter::is_coroutine;
};

/// True when a task that was asked to stop ended because of that.
bool is_cancellation(const std::exception_ptr& error) noexcept;

struct NoStopSource {};
struct NoStopRequest {};

/// How a call of this kind crosses a process boundary; defined in shipping.hpp.
template <class F, class... A>
struct Shipping;

template <class F, class... A>
class CallNode final : public ResultNode<typename CallTraits<F, A...>::Result> {
  using Traits = CallTraits<F, A...>;
  using Returned = typename Traits::Returned;
  using Adapter = typename Traits::Adapter;

 public:
  template <class Callable, class... Arguments>
  explicit CallNode(std::in_place_t, Callable&& callable, Arguments&&... arguments) {
    std::construct_at(std::addressof(call_.value), std::forward<Callable>(callable),
                      std::forward<Arguments>(arguments)...);
  }

  // A forced unwinding is caught through a reference to nothing, by design of the ABI.
  __attribute__((no_sanitize("null"))) void do_run(RunMode mode) override {
    try {
      invoke(mode);
    } catch (abi::__forced_unwind&) {  // the thread ends within the task: not ours to stop
      this->fail(std::make_exception_ptr(BrokenExecutor("the thread that ran the task was ended by it")));
      throw;
    } catch (...) {
      this->end_with(std::current_exception());
    }
  }

  /// Ends a task that threw: CANCELLED if it was asked to stop and says that it did, FINISHED with the error otherwise.
  void end_with(std::exception_ptr error) noexcept {
    if (stop_requested() && is_cancellation(error)) {
      this->finish_cancelled();
    } else {
      this->fail(std::move(error));
    }
  }

  void request_stop() noexcept override {
    if constexpr (Traits::is_coroutine) stop_request_.request();  // first: it is what stop_requested() looks at
    if constexpr (Traits::takes_token) stop_source_.request_stop();
  }
  /// Of a coroutine.
  StopRequest& stop_request() noexcept { return stop_request_; }

  const ShipTable* ship_table() const noexcept override { return Shipping<F, A...>::table(); }
  const char* why_not_shippable() const noexcept override { return Shipping<F, A...>::why_not(); }

  /// The callable and its arguments, as long as the task has not ended.
  std::tuple<F, A...>& call() noexcept { return call_.value; }

 protected:
  ~CallNode() override {
    if (this->has_call_) std::destroy_at(std::addressof(call_.value));
  }
  void drop_call() noexcept override {
    this->has_call_ = false;
    std::destroy_at(std::addressof(call_.value));
  }

 private:
  bool stop_requested() const noexcept {
    if constexpr (Traits::is_coroutine) return stop_request_.requested();
    if constexpr (Traits::takes_token) return stop_source_.stop_requested();
    return false;
  }

  void invoke(RunMode mode) {
    auto call = [&](auto& function, auto&... arguments) -> Returned {
      if constexpr (Traits::takes_token) {
        return std::invoke(std::move(function), stop_source_.get_token(), std::move(arguments)...);
      } else {
        return std::invoke(std::move(function), std::move(arguments)...);
      }
    };
    if constexpr (Traits::is_coroutine) {
      Adapter::drive(std::apply(call, call_.value), NodePtr<CallNode>::share(this), mode);
    } else if constexpr (std::is_void_v<Returned>) {
      std::apply(call, call_.value);
      this->deliver();
    } else {
      this->deliver(std::apply(call, call_.value));
    }
  }

  union CallStorage {
    CallStorage() noexcept {}
    ~CallStorage() {}
    std::tuple<F, A...> value;
  } call_;
  [[no_unique_address]] std::conditional_t<Traits::takes_token, std::stop_source, NoStopSource> stop_source_;
  [[no_unique_address]] std::conditional_t<Traits::is_coroutine, StopRequest, NoStopRequest> stop_request_;
};

}  // namespace overlap::detail
