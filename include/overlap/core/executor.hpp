#pragma once

#include <cstddef>
#include <limits>
#include <optional>

#include <overlap/core/detail/shipping.hpp>
#include <overlap/core/future.hpp>
#include <overlap/core/map.hpp>

namespace overlap {

struct ShutdownOptions {
  bool wait = true;             ///< return only when everything accepted has run and the workers are gone
  bool cancel_pending = false;  ///< cancel what has not started; what runs is finished
};

/// Runs submitted calls: now, on threads, on an event loop or in worker processes. Which, the program chooses at run
/// time: all work goes through this type.
///
/// Safe to use from any thread. The destructor of every executor is shutdown({.wait = true}).
class Executor {
 public:
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Accepts the call f(args...) and returns its Future at once (the inline executor: when it is done). `f` and the
  /// arguments are copied or moved in; use std::ref for a reference that outlives the task. If `f` cannot
  /// be called with the arguments alone but with a std::stop_token before them, it gets one, which
  /// Future::request_stop() triggers. If `f` returns a Task, the task is run and the Future has its result.
  /// Throws BrokenExecutor after shutdown(), and NotShippable when the call cannot cross a boundary that this executor
  /// needs it to cross.
  template <class F, class... A>
  auto submit(F f, A... args) -> Future<typename detail::CallTraits<F, A...>::Result> {
    auto call = make_call(std::move(f), std::move(args)...);
    accept(std::move(call.task));
    return std::move(call.future);
  }

  /// Calls f(element...) for the elements of one or more ranges, zipped; the shortest ends it. Gives a lazy input range
  /// of the results, in the order of the input. See MapRange. The executor must outlive the range.
  template <class F, class... Ranges>
    requires(sizeof...(Ranges) > 0 && (std::ranges::input_range<Ranges> && ...))
  auto map(F f, Ranges&&... ranges) {
    return map(MapOptions{}, std::move(f), std::forward<Ranges>(ranges)...);
  }
  template <class F, class... Ranges>
    requires(sizeof...(Ranges) > 0 && (std::ranges::input_range<Ranges> && ...))
  auto map(MapOptions options, F f, Ranges&&... ranges) {
    return detail::make_map_range(*this, options, std::move(f), std::forward<Ranges>(ranges)...);
  }

  /// Refuses new work from now on. May be called again, from any thread but one of the executor's own workers, which
  /// would wait for itself: there {.wait = true} throws WouldDeadlock.
  void shutdown(ShutdownOptions options = {}) { do_shutdown(options); }

  /// How many tasks may run at the same time.
  virtual std::size_t concurrency() const noexcept = 0;

  /// How many tasks map() keeps submitted when its options do not say.
  virtual std::size_t default_buffer() const noexcept { return 4 * concurrency(); }
  /// How many inputs of `total` map() puts into one task when its options do not say.
  virtual std::size_t default_chunk(std::optional<std::size_t> total) const noexcept {
    (void)total;
    return 1;
  }

 protected:
  Executor() = default;

  /// A call that was given to nobody yet.
  template <class Result>
  struct Call {
    detail::TaskPtr task;
    Future<Result> future;
  };
  template <class F, class... A>
  static auto make_call(F f, A... args) -> Call<typename detail::CallTraits<F, A...>::Result> {
    using Result = typename detail::CallTraits<F, A...>::Result;
    using Node = detail::CallNode<F, A...>;
    auto node = detail::NodePtr<Node>::adopt(new Node(std::in_place, std::move(f), std::move(args)...));
    node->retain_unshared();
    auto future = detail::FutureAccess::make(detail::NodePtr<detail::ResultNode<Result>>::adopt(node.get()));
    return {detail::TaskPtr::adopt(node.leak()), std::move(future)};
  }

  /// The one door: takes a PENDING node. Throws BrokenExecutor after shutdown.
  virtual void enqueue(detail::TaskPtr task) = 0;
  virtual void do_shutdown(ShutdownOptions options) = 0;

  /// enqueue(), or another door, as a trace sees it.
  void accept(detail::TaskPtr task) {
    accept_by(std::move(task), [this](detail::TaskPtr given) { enqueue(std::move(given)); });
  }
  template <class Door>
  static void accept_by(detail::TaskPtr task, Door door) {
    if (!detail::trace_on()) [[likely]]
      return door(std::move(task));
    const detail::TaskPtr keep = task;
    detail::trace_submitted(keep->trace_identity());
    try {
      door(std::move(task));
    } catch (...) {
      keep->try_cancel();  // nobody gets its future; so the trace knows of its end
      throw;
    }
  }
};

}  // namespace overlap
