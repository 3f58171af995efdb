#pragma once

#include <cstdint>
#include <string_view>

namespace overlap::get {

struct HashKey {
  std::uint64_t low;
  std::uint64_t high;
};

/// SipHash-2-4: 64 bits that nobody can choose texts for more cheaply than by trying. The same on every machine and in
/// every version, since names on disk depend on it.
std::uint64_t stable_hash(std::string_view text, HashKey key = {.low = 0x6f7665726c617000, .high = 0x6e616d6573000001});

}  // namespace overlap::get
