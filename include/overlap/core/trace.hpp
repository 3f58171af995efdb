#pragma once
/// What tasks do and when: every executor feeds a recording, if one is on, with what becomes of each task.
/// docs/tracing.md shows how it is used; write_chrome_trace() in trace_json.hpp makes a file of it that Perfetto draws.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <overlap/core/detail/trace_point.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

/// Whether a recording is on, so that it is worth while to make a name, say.
inline bool is_tracing() noexcept { return detail::trace_on(); }

/// Gives the task that runs here a name in the recording, such as the URL that it fetches. Does nothing outside of a
/// task or when nothing is recorded. The text is copied; 480 bytes of it are kept.
inline void name_this_task(std::string_view name) noexcept {
  if (is_tracing()) [[unlikely]]
    detail::trace_name(detail::trace_current_task(), name);
}

/// A string literal. Nothing else can be made into one, so it costs nothing to keep.
class TraceLabel {
 public:
  consteval TraceLabel(const char* literal) : text_(literal) {}
  constexpr const char* text() const noexcept { return text_; }

 private:
  const char* text_;
};

/// A part of what a task or a thread does: from its construction to its destruction, also across waits in a coroutine.
///
///     TraceScope scope("computing");
class TraceScope {
 public:
  explicit TraceScope(TraceLabel label) noexcept {
    if (is_tracing()) [[unlikely]]
      begin(label);
  }
  ~TraceScope() { end(); }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  /// Ends it before its destruction does.
  void end() noexcept {
    if (began_ != 0) [[unlikely]]
      finish();
  }
  /// Ends it and begins the next one.
  void next(TraceLabel label) noexcept {
    end();
    if (is_tracing()) [[unlikely]]
      begin(label);
  }

 private:
  void begin(TraceLabel label) noexcept;
  void finish() noexcept;

  std::uint64_t task_ = 0;
  std::uint64_t began_ = 0;  // in ticks; 0: not recorded
};

/// Something that happened to a task, or in it.
struct TraceEvent {
  enum class Kind : std::uint8_t {
    submitted,    ///< given to an executor
    started,      ///< a worker has begun it, at `lane`; again if its worker process died and it is run once more
    waiting,      ///< suspended or blocked, maybe for the task `other`
    resumed,      ///< goes on
    finished,     ///< it has a result
    failed,       ///< it threw, or its engine died
    cancelled,    ///< before it began, or because it was asked to stop
    named,        ///< `name` is the task's from now on
    scope_began,  ///< a TraceScope, named `name`; `scope` is the same at both ends
    scope_ended,
  };
  Kind kind = Kind::submitted;
  std::uint32_t lane = 0;   ///< where it was recorded, and of `started` where the task runs: an index of lanes()
  std::uint64_t task = 0;   ///< the task's number; 0: in no task
  std::uint64_t other = 0;  ///< the task waited for; 0: not known
  std::uint64_t scope = 0;
  Duration at{};  ///< since the beginning of the recording
  std::string_view name{};
};

/// A stretch of time in which a task was in one state, or a TraceScope.
struct TraceSpan {
  enum class Kind : std::uint8_t { queued, running, waiting, scope };
  enum class End : std::uint8_t {
    left,  ///< the state was left for another, or the scope was
    open,  ///< the recording ended first
    finished,
    failed,
    cancelled,
  };
  Kind kind = Kind::queued;
  End end = End::left;
  std::uint32_t lane = 0;   ///< where it ran; of a task that has not begun, where it was submitted
  std::uint64_t task = 0;   ///< 0: a scope outside of any task
  std::uint64_t other = 0;  ///< the task waited for; 0: not known
  Duration from{};          ///< since the beginning of the recording
  Duration to{};
  std::string_view name{};  ///< the scope's; otherwise the task's, if it was given one
};

/// A thread, or a worker of an executor.
struct TraceLane {
  std::string name;      ///< different for each: "pool 0", or the thread's name
  std::string executor;  ///< its name; empty for a thread that is no executor's
  std::uint32_t worker = 0;
};

/// The spans of events in the order of time, and in that order, the longer first; `end` is the end of the recording.
/// A task's life may be cut off at either end of it.
std::vector<TraceSpan> make_trace_spans(const std::vector<TraceEvent>& events, Duration end);

/// Records from its construction to stop() what all executors of the program do, in this process. One at a time. May be
/// begun and stopped while tasks run, on any thread; what another thread is just writing down at the stop may be
/// missing.
///
/// An event takes 24 bytes. Each thread takes room for several hundred at a time.
class TraceRecording {
 public:
  struct Options {
    std::size_t max_events = std::size_t{1} << 22;  ///< later ones are dropped, and counted
  };

  TraceRecording() : TraceRecording(Options{}) {}
  /// Throws std::logic_error while there is another one that was not stopped, std::bad_alloc without memory for it.
  explicit TraceRecording(Options options);
  /// Stops, and forgets what was recorded.
  ~TraceRecording();
  TraceRecording(const TraceRecording&) = delete;
  TraceRecording& operator=(const TraceRecording&) = delete;

  /// May be called again.
  void stop() noexcept;

  // The rest stops the recording if it is on. Not thread-safe. What is referred to lives as long as this object.

  /// In the order of time. Of each task: submitted, started, then waiting and resumed in turn, then one end; but for
  /// what happened before the recording or after it, or was dropped.
  const std::vector<TraceEvent>& events();
  std::vector<TraceSpan> spans();
  const std::vector<TraceLane>& lanes();
  Duration duration();
  /// How many events there was no room for.
  std::size_t dropped();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace overlap
