// The execution models by the names that people type.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <overlap/core/executor.hpp>
#include <string>
#include <string_view>

namespace overlap::cli {

enum class Model {
  inline_,    ///< one call after the other, on the calling thread
  threads,    ///< a pool of threads, each of which waits for its own work
  loop,       ///< one thread; tasks are suspended while they wait
  processes,  ///< a pool of worker processes
};

/// In the order in which tables show them.
inline constexpr std::array kModels{Model::inline_, Model::threads, Model::loop, Model::processes};

/// "inline", "threads", "loop" or "processes", and nothing else; the error quotes the text and lists these.
std::expected<Model, std::string> parse_model(std::string_view text);

/// The name that parse_model() reads.
std::string_view to_string(Model model);

/// The executor of a model. `workers` is for threads and processes; 0 is the executor's own default, a worker a CPU.
/// `max_concurrent` is for the loop; 0 is no bound. Throws what the executor's constructor throws.
std::unique_ptr<Executor> make_executor(Model model, std::size_t workers, std::size_t max_concurrent);

}  // namespace overlap::cli
