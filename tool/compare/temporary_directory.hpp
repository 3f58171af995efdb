#pragma once

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace overlap::compare {

/// A new directory below $TMPDIR or /tmp, removed with all that is in it.
class TemporaryDirectory {
 public:
  /// Throws std::system_error.
  TemporaryDirectory() : path_(place() / "overlap-compare-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // a destructor has nobody to tell
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  static std::filesystem::path place() {
    std::error_code error;
    auto path = std::filesystem::temp_directory_path(error);
    const char* const wanted = std::getenv("TMPDIR");
    if (error)
      throw std::system_error(error, "no place for temporary files in " + std::string(wanted ? wanted : "/tmp"));
    return path;
  }

  std::string path_;
};

}  // namespace overlap::compare
