#pragma once

#include <vector>

#include <overlap/core/trace.hpp>

namespace overlap::detail {

/// Sorts events by time, and sees to it that what is said of each task fits together. Those of one thread must be in
/// the order in which it recorded them.
///
/// Two threads may disagree about the time by the length of a few dozen instructions, since a processor may read its
/// counter ahead of what comes before. So a task's submission is moved before all else of it, and its end behind its
/// start. Waiting and resumed are dropped where they change nothing: before the task has begun, after its end, and the
/// second of two.
void put_lives_in_order(std::vector<TraceEvent>& events);

}  // namespace overlap::detail
