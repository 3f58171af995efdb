// Any bytes as what may be gzip, read whole and in pieces; and any text, compressed, as what it was.
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "check.hpp"
#include "get/byte_source.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

constexpr std::size_t kMostOut = 1 << 20;  // of a bomb no more is looked at

std::string gzip(std::string_view text) {
  z_stream stream{};
  check(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  std::string copy(text);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  check(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// What the source gives, and how it ends.
std::pair<std::string, std::string> read_all(std::string_view bytes, std::size_t piece, std::size_t room) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC) == 0);
  FileDescriptor writing(ends[1]);
  ByteSource source{FileDescriptor(ends[0])};
  std::string text;
  std::string block(room, '\0');
  while (!source.at_end() && text.size() < kMostOut) {
    if (!source.is_readable(std::chrono::milliseconds(0))) {
      const std::string_view next = bytes.substr(0, piece);
      bytes.remove_prefix(next.size());
      check(::write(writing.get(), next.data(), next.size()) == static_cast<ssize_t>(next.size()));
      if (bytes.empty()) writing = FileDescriptor();
      continue;
    }
    const std::size_t got = source.read(block);
    check(got <= block.size());
    text.append(block, 0, got);
  }
  if (text.size() >= kMostOut) return {text.substr(0, kMostOut), ""};  // whether it ends well was not looked at
  return {std::move(text), source.error().value_or("")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = std::clamp<std::size_t>(std::size_t{data[0]} + 1, 1 + size / 64, 60'000);
  const std::size_t room = 16 + std::size_t{data[1]} * 64;
  const auto whole = read_all(bytes, 60'000, 65'536);
  check(read_all(bytes, piece, room) == whole);
  if (!bytes.starts_with("\x1F")) check(whole.first == bytes.substr(0, kMostOut) && whole.second.empty());
  check(read_all(gzip(bytes), piece, room) == std::pair(std::string(bytes.substr(0, kMostOut)), std::string()));
  return 0;
}
