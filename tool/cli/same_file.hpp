#pragma once

#include <expected>
#include <span>
#include <string>

namespace overlap::cli {

/// The path that symbolic links lead to, whether there is a file or not. What leads nowhere is given back.
std::string followed(const std::string& name);

/// Whether both name one file, there already or yet to be made. Pipes and devices are none: two may share them.
bool is_same_file(const std::string& one, const std::string& other);

/// A file that was given on the command line.
struct NamedFile {
  std::string flag;  ///< "--json"
  std::string file;  ///< empty: it was not given
};

/// An error where writing one of `outputs` would destroy one of `inputs` or another output.
std::expected<void, std::string> keep_apart(std::span<const NamedFile> outputs, std::span<const NamedFile> inputs);

}  // namespace overlap::cli
