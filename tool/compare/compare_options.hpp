#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <overlap/core/time.hpp>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace overlap::compare {

/// The flags as typed; nothing where the workload decides.
struct CompareFlags {
  std::string workload = "pages";  ///< a name, or a file of URLs
  std::vector<std::string> models = {"inline", "threads", "loop", "processes"};
  std::optional<std::size_t> workers;
  std::optional<std::size_t> max_concurrent;
  std::optional<int> repeat;
  std::optional<int> warmup;
  Duration latency = std::chrono::milliseconds(50);
  Duration sleep_unit = std::chrono::seconds(1);
  std::string json;      ///< file; "-" is standard output
  std::string trace;     ///< file
  std::string html;      ///< file
  std::string baseline;  ///< file
  bool advise = false;
  std::size_t sample = 500;  ///< of the URLs of a list, for `advise`; 0: all
  bool verbose = false;
};

/// What `advise` is given that it has no use for, as a sentence; empty: nothing.
std::string problem_with_advise(const CompareFlags& flags);

/// How much may be at once, as the hosts of a list are not to be asked for more; 0: nothing limits it.
std::size_t host_limit_of(const CompareOptions& options);

/// Fills in what was left open. An error is what no run can be made of: an unknown name, a list that cannot be read.
std::expected<CompareOptions, std::string> make_options(const CompareFlags& flags, std::size_t cpus);

}  // namespace overlap::compare
