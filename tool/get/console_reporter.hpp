#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include <overlap/core/time.hpp>

#include "get/reporter.hpp"

namespace overlap::get {

enum class ProgressStyle {
  automatic,  ///< bar on a terminal, otherwise none
  bar,        ///< one line, redrawn
  plain,      ///< a line every 10 seconds
  json,       ///< a JSON object a line, every second
  none,
};

/// Writes messages and progress to standard error. Everything that came from outside is escaped.
class ConsoleReporter final : public Reporter {
 public:
  struct Options {
    ProgressStyle progress = ProgressStyle::automatic;
    bool quiet = false;    ///< no failures, no progress
    bool verbose = false;  ///< every saved file and every retry too
  };

  ConsoleReporter(Options options, std::FILE* out);
  ~ConsoleReporter() override;

  void saved(std::string_view url, std::string_view path, std::uint64_t bytes) override;
  void failed(const FailedItem& item) override;
  void retrying(const FailedItem& item, Duration delay) override;
  void holding(std::string_view host, Duration duration, std::string_view why) override;
  void note(std::string_view text) override;
  void progress(const ProgressSnapshot& snapshot) override;
  void status(const ProgressSnapshot& snapshot) override;
  /// Takes the progress line away, so that what is printed next begins on a clean line.
  void clear_progress();

 private:
  void line(std::string text);
  std::string progress_line(const ProgressSnapshot& snapshot) const;
  std::string progress_json(const ProgressSnapshot& snapshot) const;

  const Options options_;
  std::FILE* const out_;
  const TimePoint began_ = Clock::now();
  ProgressStyle style_;
  Duration every_{};
  TimePoint next_progress_;
  bool drawn_ = false;  // a progress line stands on the terminal
};

}  // namespace overlap::get
