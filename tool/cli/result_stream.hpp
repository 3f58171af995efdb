#pragma once

#include <cstdio>
#include <expected>
#include <string>
#include <string_view>

namespace overlap::cli {

/// Results on their way to standard output. The first failure is remembered and what comes after it is dropped, so that
/// a command can look for it once, at its end. Used by one thread.
class ResultStream {
 public:
  explicit ResultStream(std::FILE* file = stdout) : file_(file) {}

  void write(std::string_view text);
  /// False when nothing more can be written: there is no use in going on.
  bool is_open() const noexcept { return error_ == 0; }
  /// Writes what is still held back, and says whether all has been written. A reader that has gone (`| head`) or was
  /// never there wanted no more: that is no failure.
  std::expected<void, std::string> finish();

 private:
  std::FILE* file_;
  int error_ = 0;  // errno of the first failure
};

}  // namespace overlap::cli
