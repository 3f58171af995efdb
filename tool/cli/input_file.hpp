#pragma once

#include <expected>
#include <string>

namespace overlap::cli {

struct ReadError {
  int code = 0;         ///< of errno
  std::string message;  ///< "cannot read NAME: why", fit to show
};

/// All that is in a file. A pipe or a device is read to its end; a directory is an error.
std::expected<std::string, ReadError> read_file(const std::string& name);

}  // namespace overlap::cli
