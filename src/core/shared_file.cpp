#include <overlap/core/detail/shared_file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include <overlap/core/errors.hpp>

#include "core/descriptor.hpp"

namespace overlap::detail {
namespace {

std::atomic<int> budgeted{0};

/// Seals of memory that may be mapped: without the first its end could move below a mapping, and reading there would
/// kill the reader.
constexpr int kFrozen = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

/// One system call moves less than 2 GiB, whatever it is asked for (read(2)).
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

}  // namespace

std::shared_ptr<SharedFile> SharedFile::create() {
  const int fd = above_standard(::memfd_create("overlap-data", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd < 0) return nullptr;
  try {
    return std::make_shared<SharedFile>(fd);
  } catch (...) {
    ::close(fd);
    throw;
  }
}

std::shared_ptr<SharedFile> SharedFile::create_budgeted() {
  if (budgeted.fetch_add(1, std::memory_order_relaxed) < kMostBudgeted) {
    if (SharedFilePtr file = create()) {
      file->budgeted_ = true;
      return file;
    }
  }
  budgeted.fetch_sub(1, std::memory_order_relaxed);
  return nullptr;
}

SharedFile::~SharedFile() {
  ::close(fd_);
  if (budgeted_) budgeted.fetch_sub(1, std::memory_order_relaxed);
}

std::uint64_t SharedFile::length() const noexcept {
  struct stat status;
  return ::fstat(fd_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void SharedFile::append(const void* data, std::size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size != 0) {
    const ssize_t count = ::pwrite(fd_, from, std::min(size, kMostAtOnce), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw std::bad_alloc();  // ENOSPC, ENOMEM: a file of memory is full when memory is
    from += count;
    size -= static_cast<std::size_t>(count);
    size_ += static_cast<std::uint64_t>(count);
  }
}

bool SharedFile::read(std::uint64_t offset, void* into, std::size_t size) const noexcept {
  char* to = static_cast<char*>(into);
  while (size != 0) {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return false;
    const ssize_t count = ::pread(fd_, to, std::min(size, kMostAtOnce), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<std::size_t>(count);
    offset += static_cast<std::uint64_t>(count);
  }
  return true;
}

void SharedFile::seal() noexcept { ::fcntl(fd_, F_ADD_SEALS, kFrozen); }

SharedBytes::SharedBytes(SharedFilePtr file, std::size_t size, bool writable) : file_(std::move(file)), size_(size) {
  if (size_ == 0) return;
  const int access = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* const data = ::mmap(nullptr, size_, access, MAP_SHARED, file_->fd(), 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(data);
}

SharedBytes::~SharedBytes() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

std::shared_ptr<SharedBytes> SharedBytes::make(std::size_t size) {
  SharedFilePtr file = SharedFile::create();
  if (!file) throw std::system_error(errno, std::generic_category(), "memfd_create");
  // Room first: a page that cannot be had when it is touched would kill the program.
  if (size != 0 && ::posix_fallocate(file->fd(), 0, static_cast<off_t>(size)) != 0) throw std::bad_alloc();
  return std::shared_ptr<SharedBytes>(new SharedBytes(std::move(file), size, true));
}

std::shared_ptr<const SharedBytes> SharedBytes::copy(std::span<const std::byte> bytes) {
  SharedFilePtr file = SharedFile::create();
  if (!file) throw std::system_error(errno, std::generic_category(), "memfd_create");
  file->append(bytes.data(), bytes.size());  // no page is touched through a mapping: that costs more than the copy
  file->seal();
  return std::shared_ptr<const SharedBytes>(new SharedBytes(std::move(file), bytes.size(), false));
}

std::shared_ptr<const SharedBytes> SharedBytes::map(SharedFilePtr file, std::size_t size) {
  const int seals = ::fcntl(file->fd(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || file->length() != size) {
    throw NotShippable("shared memory arrived that is not as its sender said");
  }
  return std::shared_ptr<const SharedBytes>(new SharedBytes(std::move(file), size, false));
}

void SharedBytes::freeze() noexcept {
  if (data_ != nullptr) ::mprotect(data_, size_, PROT_READ);
  file_->seal();
}

}  // namespace overlap::detail
