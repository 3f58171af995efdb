#pragma once
/// The errors that the library throws of its own accord. What a task throws is kept and rethrown as it was.

#include <stdexcept>
#include <string>

namespace overlap {

/// Base of every error below, so that one handler can tell the library's errors from a task's own.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The work was cancelled: before it began, by a shutdown that cancels, or at an await after request_stop().
struct CancelledError : Error {
  CancelledError() : Error("the task was cancelled") {}
  explicit CancelledError(const std::string& what) : Error(what) {}
};

/// A wait ran out of time. Thrown by waits and by with_timeout(), never by the library on a task's behalf.
struct TimeoutError : Error {
  TimeoutError() : Error("the wait ran out of time") {}
  explicit TimeoutError(const std::string& what) : Error(what) {}
};

/// The executor cannot run work (again): it was shut down, or its engine died.
struct BrokenExecutor : Error {
  using Error::Error;
};

/// A thread pool whose initializer failed, or that could start no thread.
struct BrokenThreadPool : BrokenExecutor {
  using BrokenExecutor::BrokenExecutor;
};

/// The worker process that ran this task died; the message names its signal or exit code.
struct WorkerCrashed : BrokenExecutor {
  using BrokenExecutor::BrokenExecutor;
};

/// A task in a worker process threw an exception of a type that is not registered to cross the process boundary.
/// what() is "TYPE: MESSAGE".
struct RemoteError : Error {
  RemoteError(std::string type, const std::string& message)
      : Error(type + ": " + message), type_name(std::move(type)) {}
  std::string type_name;  ///< the type as the compiler spells it, demangled
};

/// The callable, an argument or the result cannot cross a process boundary.
struct NotShippable : Error {
  using Error::Error;
};

/// A wait that could never end: only the waiting thread could bring about what it waits for.
struct WouldDeadlock : Error {
  using Error::Error;
};

}  // namespace overlap
