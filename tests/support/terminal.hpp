// Running programs on a terminal, a real one but for the glass.
#pragma once

#include <string>
#include <vector>

namespace overlap::testing_support {

struct TerminalOptions {
  unsigned short columns = 80;
  std::vector<std::string>
      environment{};  ///< "NAME=value"; besides these it has a PATH, and TERM=xterm unless it is here
};

struct TerminalResult {
  std::string raw;  ///< every byte that the program wrote
  int exit_code = -1;
};

/// Runs it to its end with a terminal of its own as standard input, output and error.
TerminalResult run_on_terminal(const std::vector<std::string>& arguments, const TerminalOptions& options = {});

/// What a terminal of so many columns shows in the end. Knows line feeds, carriage returns, "erase to the end of the
/// line" and colours; throws std::runtime_error at anything else.
class Screen {
 public:
  Screen(const std::string& raw, std::size_t columns);

  const std::vector<std::string>& lines() const { return lines_; }
  std::string text() const;
  /// Whether a character ever did not fit and went to the next line.
  bool has_wrapped() const { return has_wrapped_; }

 private:
  std::size_t escape(const std::string& raw, std::size_t at);
  void put(const std::string& character);

  const std::size_t columns_;
  std::vector<std::vector<std::string>> cells_{{}};
  std::size_t column_ = 0;
  bool has_wrapped_ = false;
  std::vector<std::string> lines_;
};

}  // namespace overlap::testing_support
