// Whether the files of a directory are what was fetched.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include <overlap/core/executor.hpp>

#include "get/stored_files.hpp"
#include "manifest/reader.hpp"

namespace overlap::verify {

/// A file that is not as it was stored.
struct Problem {
  enum class Kind : std::uint8_t {
    missing,
    changed,     ///< its size or its digest is another one
    unreadable,  ///< the disk, or its permissions
  };
  Kind kind{};
  std::string path;
  std::string url;
  std::string what;    ///< "is missing"
  std::string sha256;  ///< of a file that is there
};

struct Verification {
  std::uint64_t files = 0;  ///< rows that say `ok`
  std::uint64_t bytes = 0;  ///< read
  std::vector<Problem> problems;
};

/// Looks at the file of every `ok` row: read as a whole by the executor's workers, several at a time. `progress` is
/// called now and then.
///
/// A URL that was listed twice was fetched twice, into one file: the body that is there may be that of either row.
std::expected<Verification, manifest::ManifestError> verify_files(
    manifest::Reader& reader, const get::StoredFiles& files, Executor& executor,
    const std::function<void(const Verification&)>& progress);

}  // namespace overlap::verify
