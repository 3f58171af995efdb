#pragma once

#include <cstdint>
#include <string>

namespace overlap::serve {

inline constexpr int kImageWidth = 3000;
inline constexpr int kImageHeight = 2000;

/// A photograph's worth of JPEG, 2 to 5 MB: soft colours that follow from the seed, with grain, so that it compresses
/// as badly as a real one. Takes a tenth of a second or more. Throws std::runtime_error if libjpeg fails.
std::string make_jpeg(std::uint64_t seed);

}  // namespace overlap::serve
