#include "cli/same_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "cli/escape.hpp"

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

bool is_same_file(const std::string& one, const std::string& other) {
  struct stat first{};
  struct stat second{};
  const bool has_first = stat(one.c_str(), &first) == 0;
  const bool has_second = stat(other.c_str(), &second) == 0;
  if (has_first != has_second) return false;
  if (!has_first) return followed(one) == followed(other);
  return S_ISREG(first.st_mode) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

std::expected<void, std::string> keep_apart(std::span<const NamedFile> outputs, std::span<const NamedFile> inputs) {
  const auto meet = [](const NamedFile& one, const NamedFile& other) {
    return !one.file.empty() && !other.file.empty() && is_same_file(one.file, other.file);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const NamedFile& output = outputs[i];
    const std::string name = escape_for_terminal(output.file);
    for (const NamedFile& input : inputs) {
      if (meet(output, input))
        return std::unexpected(fmt::format("{} would overwrite what {} reads: {}", output.flag, input.flag, name));
    }
    for (const NamedFile& earlier : outputs.first(i)) {
      if (meet(output, earlier))
        return std::unexpected(
            fmt::format("{} and {} would overwrite each other: {}", earlier.flag, output.flag, name));
    }
  }
  return {};
}

}  // namespace overlap::cli
