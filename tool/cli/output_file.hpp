#pragma once

#include <expected>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/descriptor_buffer.hpp"

namespace overlap::cli {

/// A file that is written at the end of a command, after its name was tried at the beginning. Without a name it is
/// none.
///
/// A file that is there stays as it is until the new one is whole: that is written beside it and takes its name. Only
/// what cannot be replaced so is written directly: a pipe, a device, the standard output that is a file, and a file in
/// a directory that takes no other.
class OutputFile {
 public:
  /// Whether the place can be written to. Nothing is left there.
  std::expected<void, std::string> open(const std::string& name);

  /// Calls `writer` if there is a file. After an error the file that was there is still there, unless it had to be
  /// written directly.
  std::expected<void, std::string> write(const std::function<void(std::ostream&)>& writer);

 private:
  std::string name_;                          // as given, for messages
  std::string target_;                        // with links followed
  bool is_replaced_ = true;                   // else it is emptied and written in its place
  std::unique_ptr<DescriptorBuffer> direct_;  // opened at once, as a pipe's reader waits for that
};

}  // namespace overlap::cli
