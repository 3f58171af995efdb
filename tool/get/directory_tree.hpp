// The directories below one that is open, reached without ever leaving it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// What is made to survive a power failure before a call returns.
enum class Sync : std::uint8_t {
  none,
  each,  ///< every file, and the directories that name it
};

/// Opens and creates directories below a root, following no symbolic link on the way: the kernel checks that
/// (openat2 with RESOLVE_BENEATH), or, where it cannot, each component is opened from the one above with O_NOFOLLOW.
///
/// Keeps the directories used last open. One that is moved away while it is kept still is the one that it was, so what
/// is written into it moves along. Safe from any thread.
class DirectoryTree {
 public:
  /// Errors are errno values.
  template <class T>
  using Result = std::expected<T, int>;
  using Directory = std::shared_ptr<const FileDescriptor>;

  enum class Resolver : std::uint8_t {
    automatic,
    walk,  ///< as on a kernel without openat2
  };

  DirectoryTree(FileDescriptor root, Resolver resolver, std::size_t max_open);

  const Directory& root() const { return root_; }

  /// The directory at `relative`; "" is the root. Its components are neither empty nor ".." (the caller has checked).
  Result<Directory> find(std::string_view relative);

  /// The same, creating what is missing of it.
  Result<Directory> make(std::string_view relative, Sync sync);

  /// Drops `relative` from those kept open, when it turned out to be gone.
  void forget(std::string_view relative);

  /// Opens a file of the directory, never through a link. `flags` as for open().
  static Result<FileDescriptor> open_file(const FileDescriptor& directory, const std::string& name, int flags);

 private:
  using Entry = std::pair<std::string, Directory>;

  Result<FileDescriptor> resolve(const std::string& relative) const;
  Result<FileDescriptor> walk(std::string_view relative) const;
  Result<FileDescriptor> create(std::string_view relative, Sync sync) const;
  Directory recall(const std::string& relative);
  Directory keep(const std::string& relative, FileDescriptor opened);

  const Directory root_;
  const bool has_openat2_;
  const std::size_t max_open_;

  std::mutex mutex_;
  std::list<Entry> open_;                                                // guarded by mutex_; used last comes first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_;  // guarded by mutex_
};

}  // namespace overlap::get
