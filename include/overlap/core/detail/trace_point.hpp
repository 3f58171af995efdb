#pragma once
/// Where the library feeds the trace (see trace.hpp). When nothing is recorded each point is a relaxed load and a
/// branch that is not taken; all the rest is in trace_log.cpp.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace overlap::detail {

/// The number of the recording that is on; 0 when none is. Relaxed: what a recording needs is handed over under a lock.
extern std::atomic<std::uint32_t> trace_epoch;

inline bool trace_on() noexcept { return trace_epoch.load(std::memory_order_relaxed) != 0; }

enum class TracePoint : std::uint8_t {
  submitted,
  started,            ///< the value is the place where it runs
  started_elsewhere,  ///< the same, recorded later by another thread than the one that runs it
  waiting,            ///< the value is the task it waits for, if that is known
  resumed,
  finished,
  failed,
  cancelled,
  named,        ///< the value is the length of the name, which fills the records that follow
  scope_began,  ///< the value is the name, a literal
  scope_ended,  ///< the value is when it began, which no other scope of the task has
};

/// Writes an event of this thread down; of no task if `task` is 0. Nothing happens when no recording is on.
void trace(TracePoint point, std::uint64_t task, std::uint64_t value = 0) noexcept;

/// Names a task in the trace. The text is copied; it is cut where it is too long.
void trace_name(std::uint64_t task, std::string_view name) noexcept;

/// The task whose code this thread runs, or for which it runs a loop, as far as the recording knows; 0: none.
std::uint64_t trace_current_task() noexcept;

/// The same for what is to go on as that task later on.
inline std::uint64_t trace_here() noexcept { return trace_on() ? trace_current_task() : 0; }

/// Said before the current task is suspended to wait for that other one.
void trace_awaits(std::uint64_t other) noexcept;

/// A task's number in traces. It gets one when it is first recorded, and keeps it; no other task gets the same.
class TraceIdentity {
 public:
  std::uint64_t get() noexcept {
    const std::uint64_t number = number_.load(std::memory_order_relaxed);
    return number != 0 ? number : assign();
  }

 private:
  std::uint64_t assign() noexcept;

  std::atomic<std::uint64_t> number_{0};
};

/// Where tasks run: an executor's name, which of its kind, and the worker, in one word. Of a thread that is no
/// executor's: no name, and the thread's number in the recording. 0: not known.
class TracePlace {
 public:
  constexpr TracePlace() noexcept = default;
  constexpr explicit TracePlace(std::uint64_t bits) noexcept : bits_(bits) {}
  constexpr TracePlace(std::uint32_t name, std::uint32_t instance, std::uint64_t worker) noexcept
      : bits_(std::uint64_t{name} << 40 | (instance & kMostInstances) << 24 | (worker & kMostWorkers)) {}

  constexpr std::uint64_t bits() const noexcept { return bits_; }
  constexpr std::uint32_t name() const noexcept { return static_cast<std::uint32_t>(bits_ >> 40); }
  constexpr std::uint32_t instance() const noexcept { return (bits_ >> 24) & kMostInstances; }
  constexpr std::uint32_t worker() const noexcept { return bits_ & kMostWorkers; }

 private:
  static constexpr std::uint64_t kMostInstances = 0xffff;
  static constexpr std::uint64_t kMostWorkers = 0xff'ffff;

  std::uint64_t bits_ = 0;
};

/// An executor as traces show it. Made with the executor; its name is remembered for the life of the program, once.
class TraceExecutor {
 public:
  explicit TraceExecutor(std::string_view name);
  TracePlace worker(std::uint64_t number) const noexcept { return {name_, instance_, number}; }

 private:
  std::uint32_t name_;
  std::uint32_t instance_;
};

/// From now on this thread is that worker.
void trace_this_thread_is(TracePlace place) noexcept;

/// For a scope, this thread runs tasks as that executor, which has no threads of its own.
class TraceVisit {
 public:
  explicit TraceVisit(const TraceExecutor& (*executor)()) {
    if (trace_on()) [[unlikely]]
      begin(executor());
  }
  ~TraceVisit() {
    if (active_) [[unlikely]]
      end();
  }
  TraceVisit(const TraceVisit&) = delete;
  TraceVisit& operator=(const TraceVisit&) = delete;

 private:
  void begin(const TraceExecutor& executor) noexcept;
  void end() noexcept;

  bool active_ = false;
  TracePlace outer_;
};

/// For a scope, this thread runs code of a task. A task that ran here before waits meanwhile. When the task has not
/// ended at the end of the scope, it waits.
class TraceTurn {
 public:
  enum class Begin : std::uint8_t {
    resumed,  ///< the task goes on
    started,  ///< it has begun, and said so
    unsaid,   ///< it is only being set up: nothing is recorded
  };
  explicit TraceTurn(std::uint64_t task, Begin how = Begin::resumed) noexcept {
    if (task != 0 && trace_on()) [[unlikely]]
      begin(task, how);
  }
  ~TraceTurn() {
    if (task_ != 0) [[unlikely]]
      end();
  }
  TraceTurn(const TraceTurn&) = delete;
  TraceTurn& operator=(const TraceTurn&) = delete;

 private:
  void begin(std::uint64_t task, Begin how) noexcept;
  void end() noexcept;

  std::uint64_t task_ = 0;  // 0: within a turn of the same task, or nothing is recorded
  std::uint64_t outer_ = 0;
  bool says_all_ = true;
};

/// For a scope, the task that runs here, if one does, blocks its thread and waits; for a task if that is known.
class TraceBlock {
 public:
  explicit TraceBlock(TraceIdentity* awaited = nullptr) noexcept {
    if (trace_on()) [[unlikely]]
      begin(awaited);
  }
  ~TraceBlock() {
    if (task_ != 0) [[unlikely]]
      trace(TracePoint::resumed, task_);
  }
  TraceBlock(const TraceBlock&) = delete;
  TraceBlock& operator=(const TraceBlock&) = delete;

 private:
  void begin(TraceIdentity* awaited) noexcept;

  std::uint64_t task_ = 0;
};

/// For a scope, this thread runs a loop. The task that ran here waits, but for the turns that it has on that loop.
class TracePause {
 public:
  TracePause() noexcept {
    if (trace_on()) [[unlikely]]
      begin();
  }
  ~TracePause() {
    if (task_ != 0) [[unlikely]]
      end();
  }
  TracePause(const TracePause&) = delete;
  TracePause& operator=(const TracePause&) = delete;

 private:
  void begin() noexcept;
  void end() noexcept;

  std::uint64_t task_ = 0;
  std::uint64_t outer_ = 0;  // that a pause outside of this one is of
};

// What happens to a task. To be called only when trace_on().
void trace_submitted(TraceIdentity& task) noexcept;
void trace_started(TraceIdentity& task) noexcept;
/// It has begun at a place that cannot say so itself, at a time of trace_now()'s clock.
void trace_started_elsewhere(TraceIdentity& task, TracePlace place, std::uint64_t when) noexcept;
/// It has ended; `how` is finished, failed or cancelled.
void trace_ended(TraceIdentity& task, TracePoint how) noexcept;

/// The time in ticks; of the same clock in every process of this machine.
std::uint64_t trace_now() noexcept;

}  // namespace overlap::detail
