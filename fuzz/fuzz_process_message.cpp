// Any bytes as what a worker process sends: cut into frames, each read as a message, each message as results of several
// types. What is not one is refused by MalformedFrame or NotShippable, or a type's own exception; nothing is read
// outside of the bytes.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <overlap/core/detail/shipping.hpp>
#include <overlap/core/shared_array.hpp>

#include "check.hpp"
#include "executors/process/frame.hpp"

namespace {

namespace detail = overlap::detail;
using overlap::fuzz::check;

template <class T>
void decode(const detail::Frame& frame) {
  try {
    std::vector<detail::Segment> segments;
    detail::Decoder in(frame.message(segments));
    T value{};
    in(value);
  } catch (const std::exception&) {
  }
}

void decode_error(const detail::Frame& frame) {
  try {
    std::vector<detail::Segment> segments;
    detail::Decoder in(frame.message(segments));
    check(detail::decode_exception(in) != nullptr);
  } catch (const std::exception&) {
  }
}

void read(detail::Frame frame) {
  // The files that it says have come; the first holds 1000 bytes for its segments.
  for (std::uint32_t i = 0; i < frame.header.files && i < 3; ++i) {
    auto file = detail::SharedFile::create();
    if (!file) break;
    file->append(std::string(1000, 'f').data(), 1000);
    file->seal();
    frame.files.push_back(std::move(file));
  }
  decode<int>(frame);
  decode<std::string>(frame);
  decode<std::vector<std::uint64_t>>(frame);
  decode<std::tuple<std::string, std::vector<std::string>, std::optional<double>>>(frame);
  decode<std::map<std::string, std::vector<int>>>(frame);
  decode<std::variant<std::string, int, std::vector<bool>>>(frame);
  decode<std::vector<detail::Outcome<std::string>>>(frame);
  decode<overlap::SharedArray<std::uint32_t>>(frame);
  decode_error(frame);
}

/// A frame that says it is longer than the memory that a fuzzer may use: without the sanitizer it is read and dropped.
bool asks_for_too_much(std::span<const char> frame) {
  detail::FrameHeader header;
  if (frame.size() < sizeof header) return false;
  std::memcpy(&header, frame.data(), sizeof header);
  return header.length > (std::size_t{1} << 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const std::size_t step = 1 + static_cast<std::size_t>(data[0]);  // bytes that arrive at a time
  bytes = bytes.subspan(1);
  detail::FrameParser parser;
  try {
    bool at_begin = true;
    while (!bytes.empty()) {
      if (at_begin && asks_for_too_much(bytes)) return 0;
      const std::size_t used = parser.feed(bytes.first(std::min(step, bytes.size())));
      check(used <= bytes.size());
      bytes = bytes.subspan(used);
      at_begin = parser.has_frame();
      if (at_begin) read(parser.take());
    }
  } catch (const detail::MalformedFrame&) {
  }
  return 0;
}
