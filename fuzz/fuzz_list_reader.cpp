// Any bytes as a list of URLs, read whole and in pieces: where the reads fall must change nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "list_reading.hpp"

namespace {

using namespace overlap::get;

constexpr std::size_t kMaxPiece = 5000;

const ListReader::Options kOptions{.lines = {.max_line_bytes = 100, .block_bytes = 1}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view list(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The first byte is the size of a piece; a long list is not read a byte at a time.
  const std::size_t piece = std::clamp<std::size_t>(std::size_t{data[0]} + 1, 1 + size / 64, kMaxPiece);
  overlap::fuzz::check(overlap::fuzz::read_whole(list, kOptions) ==
                       overlap::fuzz::read_in_pieces(list, piece, kOptions));
  return 0;
}
