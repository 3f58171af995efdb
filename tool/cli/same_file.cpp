#include "cli/same_file.hpp"

#include <filesystem>
#include <system_error>

namespace overlap::cli {

namespace fs = std::filesystem;

// Not by weakly_canonical(), which does not follow a link to a file that is yet to be made.
std::string followed(const std::string& name) {
  constexpr int kMostLinks = 40;  // as the kernel has it
  fs::path path = name;
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, error); ++i) {
    const fs::path next = fs::read_symlink(path, error);
    if (error) return name;
    path = path.parent_path() / next;
  }
  const fs::path directory = fs::canonical(path.has_parent_path() ? path.parent_path() : fs::path("."), error);
  return error ? path.string() : (directory / path.filename()).string();
}

}  // namespace overlap::cli
