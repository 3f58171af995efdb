// --log FILE: a JSON object a line for every outcome, while the run goes.
#pragma once

#include <cstdio>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <overlap/core/time.hpp>

#include "get/reporter.hpp"
#include "manifest/rows.hpp"

namespace overlap::get {

/// Appends to a file, so that the log of a run that was resumed is the log of all its parts. Used by the run's one
/// thread.
class OutcomeLog {
 public:
  /// "-" is standard error. The error names the file.
  static std::expected<OutcomeLog, std::string> open(const std::string& file);

  void outcome(const manifest::ItemRow& row);
  void retry(const FailedItem& item, Duration delay);
  /// What was logged is given to the system. Called often.
  void flush();

  /// Why nothing is logged any more: "cannot write to FILE: No space left on device".
  const std::optional<std::string>& error() const { return error_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stderr) std::fclose(file);
    }
  };
  OutcomeLog(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}
  void write(std::string line);
  void fail();

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  bool is_dirty_ = false;
  std::optional<std::string> error_;
};

}  // namespace overlap::get
