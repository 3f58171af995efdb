#pragma once

#include <optional>
#include <string>
#include <vector>

namespace overlap::get {

/// What tells the lists of an output directory apart, so that the same command again is known to be the same: where
/// each part of the list comes from, one a line. A file is named by its path from the directory, so that both may be
/// moved together; standard input and other streams are all one; URLs of the command line are told by their digest, so
/// that other URLs are another list. Holds no credentials.
std::string list_source(const std::vector<std::string>& urls, const std::vector<std::string>& files,
                        const std::string& directory);

/// Where a list lies below the directory, if it is a file that does.
std::optional<std::string> path_below(const std::string& directory, const std::string& file);

}  // namespace overlap::get
