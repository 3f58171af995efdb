#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <utility>

#include "core/descriptor.hpp"

namespace overlap::detail {

/// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  /// Gives the descriptor away.
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// What a system call gave, moved above the standard descriptors; empty, with errno, when there is none.
inline UniqueFd take_fd(int fd) noexcept { return UniqueFd(above_standard(fd)); }

/// A descriptor that means this very process, whatever becomes of its number; readable once it has ended. Empty, with
/// errno, when there is none. (By the system call: the declaration in glibc 2.36 is not usable from C++.)
inline UniqueFd open_pidfd(pid_t pid) noexcept { return take_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace overlap::detail
