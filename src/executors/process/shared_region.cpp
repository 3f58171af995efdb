#include "executors/process/shared_region.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace overlap::detail {
namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::size_t page() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t whole_pages(std::size_t size) noexcept { return (size + page() - 1) / page() * page(); }

}  // namespace

UniqueFd SharedRegion::create(const char* name, std::size_t size) {
  UniqueFd fd = take_fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw_errno("memfd_create");
  // All of it now: a page that cannot be had when it is touched would kill the program.
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size)); error != 0) {
    throw std::system_error(error, std::generic_category(), "posix_fallocate");
  }
  return fd;
}

SharedRegion::SharedRegion(int fd, std::size_t size, ForkedChildren children) : size_(whole_pages(size)) {
  void* const reserved = ::mmap(nullptr, size_ + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reserved == MAP_FAILED) throw_errno("mmap");
  reserved_ = static_cast<char*>(reserved);
  if (::mmap(data(), size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
    const int error = errno;
    ::munmap(reserved_, size_ + 2 * page());
    throw std::system_error(error, std::generic_category(), "mmap");
  }
  if (children == ForkedChildren::lose_it) ::madvise(data(), size_, MADV_DONTFORK);
}

SharedRegion::~SharedRegion() {
  if (reserved_ != nullptr) ::munmap(reserved_, size_ + 2 * page());
}

void* SharedRegion::data() const noexcept { return reserved_ + page(); }

}  // namespace overlap::detail
