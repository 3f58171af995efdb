#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <overlap/core/time.hpp>
#include <string>
#include <vector>

#include "cli/run_child.hpp"

namespace overlap::compare {

/// The built-in origins of a comparison, each `overlap serve` in a process of its own, so that its CPU time and memory
/// are nobody else's. They end with this object, or with this process.
class Origins {
 public:
  struct Options {
    std::size_t count = 0;
    Duration latency{};
    std::uint64_t seed = 1;
    std::string program = "/proc/self/exe";
    int interrupt = -1;  ///< a descriptor that becomes readable when all shall stop
  };

  /// Returns when all of them listen.
  static std::expected<Origins, std::string> start(const Options& options);

  Origins(Origins&&) = default;
  Origins& operator=(Origins&&) = default;
  ~Origins();

  const std::vector<std::string>& urls() const { return urls_; }

  /// CPU time used so far, of each.
  std::vector<Duration> cpu() const;

  /// Says how the first that has ended did so, which none should; nothing if all run.
  std::optional<std::string> find_death();

 private:
  Origins() = default;

  std::vector<cli::Child> children_;
  std::vector<std::string> urls_;  // of the children, without a slash at the end
};

}  // namespace overlap::compare
