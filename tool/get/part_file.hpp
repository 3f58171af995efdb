// A body on its way to its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "get/directory_tree.hpp"
#include "get/disk_error.hpp"
#include "get/file_descriptor.hpp"

namespace overlap::get {

enum class Clobber : std::uint8_t {
  replace,  ///< what has the name already, in one step; of a link or FIFO the name itself, never what is behind it
  keep,     ///< what has the name already; then committing is the error `exists`
};

struct CommitOptions {
  Clobber clobber = Clobber::replace;
  Sync sync = Sync::none;
};

/// What an OutputDirectory and its parts share.
struct OutputTree {
  OutputTree(std::string directory, FileDescriptor root, DirectoryTree::Resolver resolver, std::size_t max_open)
      : path(std::move(directory)), below(std::move(root), resolver, max_open) {}

  const std::string path;         // as the user gave it
  DirectoryTree below;            // the directory and what is below it
  DirectoryTree::Directory meta;  // its ".overlap"
  DirectoryTree::Directory tmp;   // its ".overlap/tmp"
};

/// A temporary file within an output directory that commit() gives its name, whole, or that goes away with this object.
/// Made by OutputDirectory::create_part(), which it may outlive. Used by one thread at a time; all calls may block.
class PartFile {
 public:
  PartFile(PartFile&& other) noexcept = default;
  PartFile& operator=(PartFile&& other) noexcept;
  ~PartFile();

  /// Appends. After an error the file is not what was asked for, so every call but restart() gives that error again.
  std::expected<void, DiskError> write(std::span<const std::byte> bytes);

  /// Drops what was written, to begin again.
  std::expected<void, DiskError> restart();

  std::uint64_t size() const { return size_; }

  /// The file by another descriptor, to read with pread() what was written, on any thread.
  std::expected<FileDescriptor, DiskError> open_again() const;

  /// The output directory, as the user named it.
  const std::string& directory() const { return tree_->path; }

  /// Closes the file and lets go of it: it stays in the directory's ".overlap/tmp" under the name that is returned, for
  /// OutputDirectory::commit_part(). After an error the file is gone with this object.
  std::expected<std::string, DiskError> keep(Sync sync);

  /// Moves the file to `path` below the output directory, creating directories as needed. Nothing follows it: once it
  /// has succeeded this object is empty. After an error there is no file of that name by this object's doing, and
  /// another path may be tried; except that a directory that cannot be synced leaves the file in place, whole but
  /// perhaps not durable.
  std::expected<void, DiskError> commit(std::string_view path, CommitOptions options = {});

 private:
  friend class OutputDirectory;
  PartFile(std::shared_ptr<OutputTree> tree, FileDescriptor file, std::string name)
      : tree_(std::move(tree)), file_(std::move(file)), name_(std::move(name)) {}

  std::expected<void, DiskError> fail(DiskError error);
  std::expected<void, DiskError> close(Sync sync);
  std::expected<void, DiskError> move_to(std::string_view path, CommitOptions options);
  int rename_to(const FileDescriptor& directory, const std::string& name, Clobber clobber) const;
  void discard();

  std::shared_ptr<OutputTree> tree_;
  FileDescriptor file_;
  std::string name_;  // within tmp; empty once committed or moved from
  std::uint64_t size_ = 0;
  std::optional<DiskError> failure_;  // of writing; such a file never gets a name
};

/// Writes all of `bytes`, however few of them a call takes. `path` is for the message.
std::expected<void, DiskError> write_all(const FileDescriptor& file, std::span<const std::byte> bytes,
                                         std::string_view path);

}  // namespace overlap::get
