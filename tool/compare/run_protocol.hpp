// What a comparison and the processes that do its runs say to each other: one JSON object in, one out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <overlap/core/time.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/models.hpp"

namespace overlap::compare {

/// One run to do: this work under that model.
struct RunSpec {
  std::string workload;  ///< its name
  cli::Model model = cli::Model::inline_;
  std::size_t workers = 1;         ///< of threads and processes
  std::size_t max_concurrent = 1;  ///< of the loop
  std::vector<std::string> sites;  ///< the URLs of the built-in origins, without a slash at the end
  std::uint64_t seed = 1;          ///< of these origins
  Duration latency{};              ///< of these origins
  Duration sleep_unit{};           ///< what stands for a second in `sleep`
  std::string list_file;           ///< of URLs
  std::string directory;           ///< exists and is empty: for the files that are saved
  std::string trace_file;          ///< to write what the tasks did to; empty: it is not recorded
  bool prepare = false;            ///< not measured: also work out, without the network, what the results must be

  friend bool operator==(const RunSpec&, const RunSpec&) = default;
};

/// A part of a run that is reported by itself: a set of waits, a way to count.
struct RunPart {
  std::string name;
  double seconds = 0;
  std::vector<double> order;  ///< what came, in the order in which it came; empty where that says nothing
  std::int64_t expected = 0;  ///< of a counter
  std::int64_t got = 0;

  friend bool operator==(const RunPart&, const RunPart&) = default;
};

/// What came of it.
struct RunResult {
  std::uint64_t items = 0;
  std::uint64_t failed = 0;              ///< of the items
  std::vector<std::uint64_t> failed_at;  ///< their places in the input
  std::uint64_t refused = 0;             ///< those of them that a server refused, which was asked too much
  std::uint64_t bytes = 0;
  double seconds = 0;          ///< from the first submit to the last result
  double cpu_seconds = 0;      ///< in that time, of all processes of the run
  double machine_busy = 0;     ///< share of all CPUs' time in which anything ran, of anybody; 0: not known
  double stalled_seconds = 0;  ///< of that time its main thread could have run, and others had the CPUs
  double start_seconds = 0;    ///< until all workers were ready, before that time
  std::size_t workers_ready = 0;
  std::size_t processes = 0;          ///< at its end
  std::uint64_t resident_bytes = 0;   ///< of these processes together, at its end
  std::uint64_t peak_memory = 0;      ///< of the largest of these, until its end; 0: not known
  double waited_seconds = 0;          ///< the time that items took, added up; 0: not known
  double longest_seconds = 0;         ///< of an item; 0: not known
  std::string digest;                 ///< of all results in the order of the input; empty: there is none
  std::string expected_digest;        ///< that all runs must have; only from a run that prepares
  std::vector<std::string> problems;  ///< the first few failures and wrong results; empty: all is well
  std::vector<RunPart> parts;

  friend bool operator==(const RunResult&, const RunResult&) = default;
};

std::string to_json(const RunSpec& spec);
std::string to_json(const RunResult& result);

/// Errors say what is missing or wrong.
std::expected<RunSpec, std::string> parse_run_spec(std::string_view text);
std::expected<RunResult, std::string> parse_run_result(std::string_view text);

}  // namespace overlap::compare
