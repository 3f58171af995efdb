#pragma once

#include <cstdio>
#include <map>
#include <string>

#include "compare/comparison.hpp"

namespace overlap::compare {

/// Says on standard error what is being done: one line that is written over, where that is a terminal; with `verbose` a
/// line a run, wherever it goes.
class Progress final : public CompareObserver {
 public:
  enum class Rounds {
    known,    ///< as many as the options say
    unknown,  ///< until something else says that it is enough
  };
  Progress(const CompareOptions& options, bool verbose, Rounds rounds = Rounds::known);
  ~Progress() override { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void preparing() override;
  void run_begins(int round, cli::Model model) override;
  void run_ended(const MeasuredRun& run, cli::Model model) override;

  /// Takes the line away, so that others can write.
  void clear();

 private:
  std::string left() const;
  void show(const std::string& text);

  const CompareOptions& options_;
  const bool is_verbose_;
  const Rounds rounds_;
  const bool is_live_;
  bool is_shown_ = false;
  int done_ = 0;                         // runs
  TimePoint begin_{};                    // of the run under way
  std::map<cli::Model, Duration> took_;  // the latest of each model
};

/// "Downloaded 160 in 1.62 seconds"
std::string sentence_of(const Workload& workload, const RunResult& result);

}  // namespace overlap::compare
