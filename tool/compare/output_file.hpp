#pragma once

#include <expected>
#include <fstream>
#include <functional>
#include <iosfwd>
#include <string>

namespace overlap::compare {

/// A file that is written at the end of a command and opened at its beginning. Without a name it is none.
class OutputFile {
 public:
  std::expected<void, std::string> open(const std::string& name);

  /// Calls `writer` if there is a file, and closes it.
  std::expected<void, std::string> write(const std::function<void(std::ostream&)>& writer);

 private:
  std::string name_;
  std::ofstream stream_;
};

}  // namespace overlap::compare
