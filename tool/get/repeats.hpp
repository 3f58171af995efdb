#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "get/name_registry.hpp"
#include "get/stable_hash.hpp"

namespace overlap::get {

/// Which entry of a list had a URL first. Keeps hashes only, 21 to 43 bytes a URL: two URLs of one hash look like one,
/// so whoever asks compares the URLs.
class Repeats {
 public:
  /// The entry that had this URL before, if one did; else `ordinal` has it from now on.
  std::optional<std::uint64_t> first_of(std::string_view url, std::uint64_t ordinal) {
    const std::uint64_t key = stable_hash(url);
    if (const std::uint64_t first = first_.find(key); first != 0) return first;
    first_.set(key, ordinal);
    return std::nullopt;
  }

 private:
  HashTable first_;
};

}  // namespace overlap::get
