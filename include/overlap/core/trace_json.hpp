#pragma once

#include <iosfwd>

#include <string>
#include <vector>

#include <overlap/core/trace.hpp>

namespace overlap {

/// Writes a recording, which is stopped by it, in the format of Chrome's trace events, which ui.perfetto.dev and
/// chrome://tracing open: a line for each thread or worker with the tasks that it ran and their scopes, and one for
/// each task with its waits. Errors of the stream are left in its state.
void write_chrome_trace(std::ostream& out, TraceRecording& recording);

/// The same for spans by themselves; each `lane` is an index of `lanes`.
void write_chrome_trace(std::ostream& out, const std::vector<TraceSpan>& spans, const std::vector<TraceLane>& lanes,
                        std::size_t dropped = 0);

/// What one process did, or one part of a program, or one program among several that are to be seen side by side.
struct TraceProcess {
  std::string name;
  std::vector<TraceSpan> spans;  ///< each `lane` is an index of `lanes`
  std::vector<TraceLane> lanes;
  std::size_t dropped = 0;
};

/// The same for several, each a process with lines of its own.
void write_chrome_trace(std::ostream& out, const std::vector<TraceProcess>& processes);

}  // namespace overlap
