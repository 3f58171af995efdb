#include "get/space_reserve.hpp"

#include <fcntl.h>

namespace overlap::get {

SpaceReserve::SpaceReserve(const std::string& directory, long bytes)
    : file_(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)) {
  if (file_.is_open() && ::fallocate(file_.get(), 0, 0, bytes) != 0) release();
}

bool SpaceReserve::release() {
  const bool had_some = file_.is_open();
  file_ = FileDescriptor();
  return had_some;
}

}  // namespace overlap::get
