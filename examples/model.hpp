// Chooses the model by a word of the command line, as the examples let you.
#pragma once

#include <overlap/overlap.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

inline std::unique_ptr<overlap::Executor> executor_for(std::string_view model) {
  if (model == "inline") return std::make_unique<overlap::InlineExecutor>();
  if (model == "threads") {
    return std::make_unique<overlap::ThreadPoolExecutor>(overlap::ThreadPoolExecutor::Options{.max_workers = 5});
  }
  if (model == "loop") return std::make_unique<overlap::EventLoopExecutor>();
  if (model == "processes") {
    return std::make_unique<overlap::ProcessPoolExecutor>(overlap::ProcessPoolExecutor::Options{.max_workers = 5});
  }
  std::fprintf(stderr, "the model is one of inline, threads, loop, processes\n");
  std::exit(2);
}

inline double seconds_since(overlap::TimePoint begin) {
  return std::chrono::duration<double>(overlap::Clock::now() - begin).count();
}
