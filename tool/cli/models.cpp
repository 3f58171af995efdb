#include "cli/models.hpp"

#include <fmt/format.h>

#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/process_pool_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>
#include <utility>

#include "cli/escape.hpp"

namespace overlap::cli {
namespace {

template <class Pool>
std::unique_ptr<Executor> make_pool(std::size_t workers) {
  typename Pool::Options options;
  options.max_workers = workers;
  return std::make_unique<Pool>(std::move(options));
}

std::unique_ptr<Executor> make_loop(std::size_t max_concurrent) {
  EventLoopExecutor::Options options;
  options.max_concurrent = max_concurrent;
  return std::make_unique<EventLoopExecutor>(std::move(options));
}

}  // namespace

std::expected<Model, std::string> parse_model(std::string_view text) {
  std::string known;
  for (const Model model : kModels) {
    if (text == to_string(model)) return model;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", to_string(model));
  }
  return std::unexpected(fmt::format("no model is called '{}'; there are: {}", escape_for_terminal(text, 60), known));
}

std::string_view to_string(Model model) {
  switch (model) {
    case Model::inline_:
      return "inline";
    case Model::threads:
      return "threads";
    case Model::loop:
      return "loop";
    case Model::processes:
      return "processes";
  }
  std::unreachable();
}

std::unique_ptr<Executor> make_executor(Model model, std::size_t workers, std::size_t max_concurrent) {
  switch (model) {
    case Model::inline_:
      return std::make_unique<InlineExecutor>();
    case Model::threads:
      return make_pool<ThreadPoolExecutor>(workers);
    case Model::loop:
      return make_loop(max_concurrent);
    case Model::processes:
      return make_pool<ProcessPoolExecutor>(workers);
  }
  std::unreachable();
}

}  // namespace overlap::cli
