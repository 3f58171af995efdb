#pragma once

#include <string>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// Room on a disk that nobody else can take, to give up when there is no other. A file without a name holds it, so it
/// goes with the process, however that ends.
class SpaceReserve {
 public:
  /// Holds none.
  SpaceReserve() = default;
  /// On the file system of `directory`. Where that cannot reserve, none is held.
  SpaceReserve(const std::string& directory, long bytes);

  /// Gives it up; false if there was none.
  bool release();

 private:
  FileDescriptor file_;
};

}  // namespace overlap::get
