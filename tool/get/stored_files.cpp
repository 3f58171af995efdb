#include "get/stored_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMaxOpenDirectories = 64;
constexpr std::size_t kBlock = 256 * 1024;

/// Whether the error says that there is no file of that name, rather than that it could not be looked at.
bool means_absent(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

struct Split {
  std::string_view parent;
  std::string leaf;
};

Split split(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, std::string(path)};
  return {path.substr(0, slash), std::string(path.substr(slash + 1))};
}

}  // namespace

StoredFiles::StoredFiles(std::string directory, FileDescriptor root)
    : directory_(std::move(directory)),
      tree_(std::make_shared<DirectoryTree>(std::move(root), DirectoryTree::Resolver::automatic, kMaxOpenDirectories)) {
}

std::expected<StoredFiles, DiskError> StoredFiles::open(const std::string& directory) {
  FileDescriptor root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return std::unexpected(make_disk_error(errno, "read", directory));
  return StoredFiles(directory, std::move(root));
}

std::unexpected<DiskError> StoredFiles::failed(int error, std::string_view path) const {
  return std::unexpected(make_disk_error(error, "read", fmt::format("{}/{}", directory_, path)));
}

std::expected<std::optional<std::uint64_t>, DiskError> StoredFiles::size_of(std::string_view path) const {
  if (!is_safe_path(path)) return std::nullopt;
  const Split at = split(path);
  const auto parent = tree_->find(at.parent);
  if (!parent && means_absent(parent.error())) return std::nullopt;
  if (!parent) return failed(parent.error(), path);
  struct stat status{};
  if (::fstatat((*parent)->get(), at.leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (!means_absent(errno)) return failed(errno, path);
    tree_->forget(at.parent);  // it may be the directory that is gone
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

std::expected<std::optional<StoredFiles::Content>, DiskError> StoredFiles::read(std::string_view path) const {
  const auto size = size_of(path);  // so that no FIFO is opened, which might wait
  if (!size) return std::unexpected(size.error());
  if (!*size) return std::nullopt;
  const Split at = split(path);
  const auto parent = tree_->find(at.parent);
  if (!parent) return failed(parent.error(), path);
  const auto file = DirectoryTree::open_file(**parent, at.leaf, O_RDONLY | O_NONBLOCK);
  if (!file && means_absent(file.error())) return std::nullopt;
  if (!file) return failed(file.error(), path);

  Content content;
  cli::Sha256 hash;
  std::vector<std::byte> block(std::min<std::uint64_t>(kBlock, **size + 1));
  while (true) {
    const ssize_t got = ::read(file->get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno, path);
    if (got == 0) break;
    content.bytes += static_cast<std::uint64_t>(got);
    hash.update(std::span(block).first(static_cast<std::size_t>(got)));
  }
  content.digest = hash.finish();
  return content;
}

}  // namespace overlap::get
