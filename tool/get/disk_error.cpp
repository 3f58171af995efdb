#include "get/disk_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

DiskErrorCode code_of(int os_error) {
  switch (os_error) {
    case ENOSPC:
      return DiskErrorCode::full;
    case EDQUOT:
      return DiskErrorCode::quota;
    case EROFS:
      return DiskErrorCode::read_only;
    case EIO:
      return DiskErrorCode::io;
    case EACCES:
    case EPERM:
      return DiskErrorCode::permission;
    case EMFILE:
    case ENFILE:
      return DiskErrorCode::too_many_files;
    case EEXIST:
      return DiskErrorCode::exists;
    case EISDIR:
      return DiskErrorCode::is_directory;
    case ENOTDIR:
    case ELOOP:
      return DiskErrorCode::not_directory;
    default:
      return DiskErrorCode::other;
  }
}

}  // namespace

DiskError make_disk_error(int os_error, std::string_view action, std::string_view path) {
  const DiskErrorCode code = code_of(os_error);
  const std::string_view why = code == DiskErrorCode::not_directory
                                   ? "a file or a link stands where a directory should be"
                                   : std::string_view(std::strerror(os_error));
  return {code, os_error, fmt::format("cannot {} {}: {}", action, cli::escape_for_terminal(path), why)};
}

DiskError unsafe_name_error(std::string_view path) {
  return {DiskErrorCode::unsafe_name, 0,
          fmt::format("cannot store {}: not a safe name", cli::escape_for_terminal(path, 200))};
}

}  // namespace overlap::get
