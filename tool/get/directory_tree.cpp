#include "get/directory_tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <utility>

namespace overlap::get {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kDirectoryMode = 0777;  // the umask takes its part
constexpr mode_t kFileMode = 0666;
constexpr int kMaxRaces = 16;  // openat2 gives up when the tree is renamed meanwhile

template <class T>
using Result = DirectoryTree::Result<T>;

Result<FileDescriptor> opened(long descriptor) {
  if (descriptor < 0) return std::unexpected(errno);
  return FileDescriptor(static_cast<int>(descriptor));
}

Result<FileDescriptor> open_beneath(const FileDescriptor& directory, const char* relative) {
  open_how how{};
  how.flags = kDirectoryFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return opened(::syscall(SYS_openat2, directory.get(), relative, &how, sizeof how));
}

/// Opens a directory by a name without '/'.
Result<FileDescriptor> open_child(const FileDescriptor& parent, const std::string& name) {
  return opened(::openat(parent.get(), name.c_str(), kDirectoryFlags | O_NOFOLLOW));
}

/// Calls `step(parent, name)`, which opens or creates a directory, for each component from `root` down.
Result<FileDescriptor> descend(
    const FileDescriptor& root, std::string_view relative,
    const std::function<Result<FileDescriptor>(const FileDescriptor&, const std::string&)>& step) {
  FileDescriptor current;
  for (bool is_last = false; !is_last;) {
    const std::size_t slash = relative.find('/');
    is_last = slash == std::string_view::npos;
    auto next = step(current.is_open() ? current : root, std::string(relative.substr(0, slash)));
    if (!next) return next;
    current = *std::move(next);
    if (!is_last) relative.remove_prefix(slash + 1);
  }
  return current;
}

/// A kernel before 5.6 has no openat2; a container's filter may forbid it.
bool probe_openat2(const FileDescriptor& root, DirectoryTree::Resolver resolver) {
  return resolver == DirectoryTree::Resolver::automatic && open_beneath(root, ".").has_value();
}

}  // namespace

DirectoryTree::DirectoryTree(FileDescriptor root, Resolver resolver, std::size_t max_open)
    : root_(std::make_shared<const FileDescriptor>(std::move(root))),
      has_openat2_(probe_openat2(*root_, resolver)),
      max_open_(max_open) {}

Result<DirectoryTree::Directory> DirectoryTree::find(std::string_view relative) {
  if (relative.empty()) return root_;
  const std::string path(relative);
  if (Directory known = recall(path)) return known;
  auto found = resolve(path);
  if (!found) return std::unexpected(found.error());
  return keep(path, *std::move(found));
}

Result<DirectoryTree::Directory> DirectoryTree::make(std::string_view relative, Sync sync) {
  auto found = find(relative);
  if (found || found.error() != ENOENT) return found;
  auto created = create(relative, sync);
  if (!created) return std::unexpected(created.error());
  return keep(std::string(relative), *std::move(created));
}

void DirectoryTree::forget(std::string_view relative) {
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(std::string(relative));
  if (known == by_path_.end()) return;
  open_.erase(known->second);
  by_path_.erase(known);
}

Result<FileDescriptor> DirectoryTree::open_file(const FileDescriptor& directory, const std::string& name, int flags) {
  return opened(::openat(directory.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, kFileMode));
}

Result<FileDescriptor> DirectoryTree::resolve(const std::string& relative) const {
  for (int race = 0; has_openat2_ && race < kMaxRaces; ++race) {
    auto found = open_beneath(*root_, relative.c_str());
    if (found || found.error() != EAGAIN) return found;
  }
  return walk(relative);
}

Result<FileDescriptor> DirectoryTree::walk(std::string_view relative) const {
  return descend(*root_, relative, open_child);
}

Result<FileDescriptor> DirectoryTree::create(std::string_view relative, Sync sync) const {
  return descend(*root_, relative, [sync](const FileDescriptor& parent, const std::string& name) {
    auto child = open_child(parent, name);
    if (child || child.error() != ENOENT) return child;
    if (::mkdirat(parent.get(), name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return Result<FileDescriptor>(std::unexpected(errno));
    }
    if (sync == Sync::each && ::fsync(parent.get()) != 0) return Result<FileDescriptor>(std::unexpected(errno));
    return open_child(parent, name);
  });
}

DirectoryTree::Directory DirectoryTree::recall(const std::string& relative) {
  const std::lock_guard lock(mutex_);
  const auto known = by_path_.find(relative);
  if (known == by_path_.end()) return nullptr;
  open_.splice(open_.begin(), open_, known->second);
  return known->second->second;
}

/// Who still uses a directory that is dropped here closes it when done.
DirectoryTree::Directory DirectoryTree::keep(const std::string& relative, FileDescriptor opened) {
  auto directory = std::make_shared<const FileDescriptor>(std::move(opened));
  const std::lock_guard lock(mutex_);
  if (max_open_ == 0 || by_path_.contains(relative)) return directory;  // another thread was first
  if (open_.size() == max_open_) {
    by_path_.erase(open_.back().first);
    open_.pop_back();
  }
  open_.emplace_front(relative, directory);
  by_path_.emplace(relative, open_.begin());
  return directory;
}

}  // namespace overlap::get
