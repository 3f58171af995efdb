#pragma once

#include <unistd.h>

#include <utility>

namespace overlap::get {

/// Owns an open file descriptor and closes it at its end; -1 owns none. Who must know whether close() failed (a file
/// that was written) calls release() and closes it himself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = other.release();
    }
    return *this;
  }
  ~FileDescriptor() { close(); }

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  void close() {
    if (is_open()) ::close(release());
  }

  int descriptor_ = -1;
};

}  // namespace overlap::get
