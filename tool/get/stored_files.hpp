#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/digest.hpp"
#include "get/directory_tree.hpp"
#include "get/disk_error.hpp"

namespace overlap::get {

/// What runs have stored in a directory, to look at only: nothing is created, no link is followed, nothing outside is
/// reached. A cheap handle. Safe from any thread; all calls may block.
class StoredFiles {
 public:
  struct Content {
    std::uint64_t bytes = 0;
    cli::Digest digest;
  };

  static std::expected<StoredFiles, DiskError> open(const std::string& directory);

  /// Nothing if there is no regular file of that name.
  std::expected<std::optional<std::uint64_t>, DiskError> size_of(std::string_view path) const;
  /// Reads the whole file. Nothing if there is no regular file of that name.
  std::expected<std::optional<Content>, DiskError> read(std::string_view path) const;

 private:
  StoredFiles(std::string directory, FileDescriptor root);

  std::unexpected<DiskError> failed(int error, std::string_view path) const;

  std::string directory_;
  std::shared_ptr<DirectoryTree> tree_;
};

}  // namespace overlap::get
