// The directory that a run stores its bodies in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "get/directory_tree.hpp"
#include "get/disk_error.hpp"
#include "get/file_descriptor.hpp"
#include "get/part_file.hpp"

namespace overlap::get {

/// Says that this run, and no other, writes to the directory, until it is destroyed. Children of fork() share it.
class RunLock {
 private:
  friend class OutputDirectory;
  explicit RunLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;  // holds the lock; the file stays, since removing it would let two runs lock two files
};

/// An output directory, opened once: everything is reached from its descriptor, so renaming it or a link in its path
/// does no harm, and no link or `..` below it leads out of it. What a name holds is a whole body: bodies grow in
/// DIR/.overlap/tmp and get their names by renaming.
///
/// A cheap handle: copies are the same directory. Safe from any thread; all calls may block.
class OutputDirectory {
 public:
  struct Options {
    DirectoryTree::Resolver resolver = DirectoryTree::Resolver::automatic;
    std::size_t max_open_directories = 64;  ///< kept open besides those in use
  };

  /// Opens `directory`, creating it, its parents and its ".overlap" where they are missing. A worker process of a run
  /// opens the directory again, without locking it.
  static std::expected<OutputDirectory, DiskError> open(const std::string& directory, Options options);
  static std::expected<OutputDirectory, DiskError> open(const std::string& directory) {
    return open(directory, Options{});
  }

  /// Takes DIR/.overlap/lock for this run and removes the parts that dead runs have left. Before any part is created,
  /// here or in a worker. If another run has it, the error is `locked` and names the directory and the process.
  std::expected<RunLock, DiskError> lock() const;

  /// A new file to write a body to.
  std::expected<PartFile, DiskError> create_part() const;

  /// Gives a part that PartFile::keep() left, also in another process, its name; as PartFile::commit() does. After an
  /// error the part is gone.
  std::expected<void, DiskError> commit_part(std::string part, std::string_view path, CommitOptions options) const;
  /// A part that PartFile::keep() left, also in another process, to be written on. An error if it is not of that size.
  std::expected<PartFile, DiskError> reopen_part(std::string part, std::uint64_t size) const;
  /// Takes away a part that is not wanted.
  void drop_part(std::string part) const;

  /// The size of what is at `path` and Clobber::keep would keep; nothing if nothing is there. A directory there is an
  /// error, as for commit().
  std::expected<std::optional<std::uint64_t>, DiskError> size_at(std::string_view path) const;

  /// Blocks until all that was committed is on the disk, with everything else on its file system.
  std::expected<void, DiskError> sync_all() const;

  const std::string& path() const { return tree_->path; }

  /// The real path of a file within ".overlap", free of links: for those that must open it by its path.
  std::string meta_file(const std::string& name) const;

 private:
  explicit OutputDirectory(std::shared_ptr<OutputTree> tree) : tree_(std::move(tree)) {}

  void remove_leftovers() const;

  std::shared_ptr<OutputTree> tree_;
};

}  // namespace overlap::get
