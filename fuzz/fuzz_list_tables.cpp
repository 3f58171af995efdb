// Any bytes as CSV, TSV or JSON lines, with and without columns that are asked for, read whole and in pieces.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "list_reading.hpp"

namespace {

using namespace overlap::get;

constexpr std::size_t kMaxPiece = 5000;
constexpr std::array kFormats{ListFormat::csv, ListFormat::tsv, ListFormat::jsonl, ListFormat::automatic};

/// By the bits of the first byte: the format, and which columns.
ListReader::Options options_of(std::uint8_t choice) {
  ListReader::Options options{.format = kFormats.at(choice & 3), .lines = {.max_line_bytes = 200, .block_bytes = 1}};
  const bool by_number = (choice & 4) != 0;
  if (by_number) options.columns.url = "1";
  if ((choice & 8) != 0) options.columns.name = by_number ? "2" : "n";
  if ((choice & 16) != 0) options.columns.headers = by_number ? "3" : "h";
  if ((choice & 32) != 0) options.columns.sha256 = by_number ? "2" : "s";
  if ((choice & 64) != 0) options.columns.keep = {by_number ? "1" : "url", by_number ? "2" : "n"};
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view list(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ListReader::Options options = options_of(data[0]);
  const std::size_t piece = std::clamp<std::size_t>(std::size_t{data[1]} + 1, 1 + size / 64, kMaxPiece);
  overlap::fuzz::check(overlap::fuzz::read_whole(list, options) == overlap::fuzz::read_in_pieces(list, piece, options));
  return 0;
}
