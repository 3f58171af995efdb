#include "get/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

using Done = std::expected<void, DiskError>;

bool is_directory(const FileDescriptor& directory, const std::string& name) {
  struct stat status{};
  return ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/// The errno of the system call that returned `result`; 0 if it succeeded.
int error_of(int result) { return result == 0 ? 0 : errno; }

}  // namespace

PartFile& PartFile::operator=(PartFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  tree_ = std::move(other.tree_);
  file_ = std::move(other.file_);
  name_ = std::exchange(other.name_, {});
  size_ = other.size_;
  failure_ = std::move(other.failure_);
  return *this;
}

PartFile::~PartFile() { discard(); }

void PartFile::discard() {
  if (tree_ && !name_.empty()) ::unlinkat(tree_->tmp->get(), name_.c_str(), 0);
  name_.clear();
}

Done PartFile::write(std::span<const std::byte> bytes) {
  if (failure_) return std::unexpected(*failure_);
  size_ += bytes.size();
  auto written = write_all(file_, bytes, tree_->path);
  if (!written) return fail(std::move(written).error());
  return {};
}

Done PartFile::fail(DiskError error) {
  failure_ = std::move(error);
  return std::unexpected(*failure_);
}

Done PartFile::restart() {
  size_ = 0;
  failure_.reset();
  if (::ftruncate(file_.get(), 0) == 0 && ::lseek(file_.get(), 0, SEEK_SET) == 0) return {};
  return fail(make_disk_error(errno, "write to", tree_->path));
}

std::expected<FileDescriptor, DiskError> PartFile::open_again() const {
  FileDescriptor again(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
  if (!again.is_open()) return std::unexpected(make_disk_error(errno, "read what was received in", tree_->path));
  return again;
}

std::expected<std::string, DiskError> PartFile::keep(Sync sync) {
  if (failure_) return std::unexpected(*failure_);
  if (auto closed = close(sync); !closed) return std::unexpected(closed.error());
  return std::exchange(name_, {});
}

Done PartFile::commit(std::string_view path, CommitOptions options) {
  if (!is_safe_path(path)) {
    return std::unexpected(unsafe_name_error(path));
  }
  if (failure_) return std::unexpected(*failure_);
  if (auto closed = close(options.sync); !closed) return closed;
  return move_to(path, options);
}

/// Whatever is still on its way to the disk may fail here, so nothing has its name before.
Done PartFile::close(Sync sync) {
  if (!file_.is_open()) return {};  // a second try, under another path
  if (sync == Sync::each && ::fsync(file_.get()) != 0) {
    return fail(make_disk_error(errno, "write to", tree_->path));
  }
  // Linux has closed the descriptor also when it reports EINTR.
  if (::close(file_.release()) == 0 || errno == EINTR) return {};
  return fail(make_disk_error(errno, "write to", tree_->path));
}

Done PartFile::move_to(std::string_view path, CommitOptions options) {
  const std::size_t slash = path.rfind('/');
  const std::string_view parent = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  const std::string leaf(path.substr(parent.empty() ? 0 : slash + 1));
  const auto failed = [&](int error) {
    return std::unexpected(make_disk_error(error, "store", fmt::format("{}/{}", tree_->path, path)));
  };

  auto directory = tree_->below.make(parent, options.sync);
  if (!directory) return failed(directory.error());
  int error = rename_to(**directory, leaf, options.clobber);
  if (error == ENOENT) {  // the directory was removed while it was kept open
    tree_->below.forget(parent);
    directory = tree_->below.make(parent, options.sync);
    if (!directory) return failed(directory.error());
    error = rename_to(**directory, leaf, options.clobber);
  }
  if (error == EEXIST && is_directory(**directory, leaf)) error = EISDIR;
  if (error != 0) return failed(error);
  name_.clear();
  if (options.sync == Sync::each && ::fsync((*directory)->get()) != 0) return failed(errno);
  return {};
}

/// Gives the errno, 0 for none.
int PartFile::rename_to(const FileDescriptor& directory, const std::string& name, Clobber clobber) const {
  const int tmp = tree_->tmp->get();
  if (clobber == Clobber::replace) return error_of(::renameat(tmp, name_.c_str(), directory.get(), name.c_str()));
  const int error = error_of(::renameat2(tmp, name_.c_str(), directory.get(), name.c_str(), RENAME_NOREPLACE));
  if (error != EINVAL && error != ENOSYS) return error;
  // The file system or the kernel does not know the flag: a second name, which is never put over another, then one
  // less.
  if (const int linked = error_of(::linkat(tmp, name_.c_str(), directory.get(), name.c_str(), 0)); linked != 0) {
    return linked;
  }
  ::unlinkat(tmp, name_.c_str(), 0);
  return 0;
}

Done write_all(const FileDescriptor& file, std::span<const std::byte> bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return std::unexpected(make_disk_error(written == 0 ? EIO : errno, "write to", path));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace overlap::get
