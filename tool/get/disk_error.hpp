#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace overlap::get {

/// What kept a file from being stored, as far as those who must act on it tell the cases apart.
enum class DiskErrorCode : std::uint8_t {
  full,            ///< no space left on the device: nothing else will fit either
  quota,           ///< the user's share of it is used up: the same
  read_only,       ///< the file system is mounted read-only
  io,              ///< the device failed
  permission,      ///< not allowed
  too_many_files,  ///< no descriptor is left: later, or with fewer at once, it may work
  exists,          ///< the name is taken, and was to be left alone
  is_directory,    ///< the name is that of a directory
  not_directory,   ///< a file or a link stands where a directory of the path should be
  unsafe_name,     ///< the path is not one that make_safe_path() makes
  locked,          ///< another run writes to the directory
  other,
};

struct DiskError {
  DiskErrorCode code = DiskErrorCode::other;
  int os_error = 0;     ///< the errno; 0 if the system reported none
  std::string message;  ///< names the path; fit to show

  /// Whether everything that comes after will fail in the same way.
  bool is_out_of_space() const { return code == DiskErrorCode::full || code == DiskErrorCode::quota; }
};

/// "cannot `action` `path`: what `os_error` means".
DiskError make_disk_error(int os_error, std::string_view action, std::string_view path);

/// For a path that is_safe_path() refuses.
DiskError unsafe_name_error(std::string_view path);

}  // namespace overlap::get
