#pragma once
/// The one source of everything arbitrary here: all of it follows from the seed, so a run can be repeated.

#include <cstdint>
#include <string_view>

namespace overlap::serve {

inline constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += kGolden;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// FNV-1a, mixed with the seed.
constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mix(hash ^ mix(seed));
}

/// Uniform in [0, 1).
constexpr double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

/// SplitMix64. Far too weak for secrets, right for test data.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    const std::uint64_t value = mix(state_);
    state_ += kGolden;
    return value;
  }

  /// Below `bound`, which is not 0. The bias of the modulo is below 2^-32 for the small bounds used here.
  constexpr std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  constexpr double unit() { return to_unit(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace overlap::serve
