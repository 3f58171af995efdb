// What all tasks of one run did and when: recorded in the process of the run, read by the one that reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <iosfwd>
#include <overlap/core/trace.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace overlap::compare {

struct RunTrace {
  /// As a TraceSpan, with nothing that points elsewhere. The phases of tasks are scopes.
  struct Span {
    TraceSpan::Kind kind{};
    TraceSpan::End end{};
    std::uint32_t lane = 0;  ///< an index of lanes
    std::uint64_t task = 0;  ///< from 1, in the order of submission
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
    std::uint32_t name = 0;  ///< an index of names

    friend bool operator==(const Span&, const Span&) = default;
  };

  std::vector<std::string> lanes;  ///< threads and workers: "pool 0"
  std::vector<std::string> names;  ///< of tasks and scopes; the first is empty
  std::vector<Span> spans;         ///< in the order of time, the longer first
  std::size_t dropped = 0;         ///< events that there was no room for

  friend bool operator==(const RunTrace&, const RunTrace&) = default;
};

/// One JSON object; spans are arrays of numbers, since there are many.
void write_run_trace(std::ostream& out, const RunTrace& trace);

/// Errors say what is wrong.
std::expected<RunTrace, std::string> parse_run_trace(std::string_view text);

/// Reads what write_run_trace() has written to a file.
std::expected<RunTrace, std::string> read_run_trace(const std::string& file);

}  // namespace overlap::compare
