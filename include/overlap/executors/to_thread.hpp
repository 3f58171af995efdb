#pragma once

#include <exception>
#include <utility>

#include <overlap/async/task.hpp>
#include <overlap/core/hook.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

namespace overlap {

namespace detail {

/// The threads of to_thread(): made at first use, joined at exit. As many as min(32, CPUs + 4), as in Python's asyncio:
/// they are there to wait, not to compute.
ThreadPoolExecutor& blocking_pool();

/// For a future that nobody awaits any more: what its task throws goes to the unhandled hook, but for `seen`.
template <class T>
void abandon(Future<T> future, std::exception_ptr seen) {
  future.request_stop();
  future.add_done_callback([seen = std::move(seen)](const Future<T>& done) {
    if (done.cancelled()) return;
    const std::exception_ptr error = done.exception();
    if (error && error != seen) report_unhandled("to_thread", error);
  });
}

}  // namespace detail

/// Calls f(args...), which may block, on a thread, and gives its result while the task is suspended and its loop goes
/// on. `f` and the arguments are moved to that thread; use std::ref for what outlives the call. The threads are shared
/// by the whole program, so calls may have to wait for one.
///
/// A task that is cancelled while it waits gets operation_aborted and abandons the call: one that has begun runs to its
/// end, by itself, and what it throws goes to the unhandled hook; one that has not begun never does. If `f` takes a
/// std::stop_token first, that is triggered. The program's end waits for calls that run. Throws BrokenExecutor while
/// the program exits.
template <class F, class... A>
auto to_thread(F f, A... args) -> Task<typename detail::CallTraits<F, A...>::Result> {
  using T = typename detail::CallTraits<F, A...>::Result;
  Future<T> future = detail::blocking_pool().submit(std::move(f), std::move(args)...);
  Future<T> awaited = future;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(awaited);
    } else {
      co_return co_await std::move(awaited);
    }
  } catch (...) {
    detail::abandon(std::move(future), std::current_exception());
    throw;
  }
}

}  // namespace overlap
