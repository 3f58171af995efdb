#pragma once
/// HTTP/2 as bytes (RFC 9113), for servers that misbehave in it: what a RawServer says after an upgrade to "h2c".

#include <cstdint>
#include <string>
#include <string_view>

namespace overlap::test::h2 {

/// RFC 9113, 7
enum class Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  refused_stream = 7,
  enhance_your_calm = 11
};

inline std::string four(std::uint32_t value) {
  return {static_cast<char>(value >> 24 & 0xff), static_cast<char>(value >> 16 & 0xff),
          static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string bytes = four(static_cast<std::uint32_t>(payload.size())).substr(1);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  return bytes.append(four(stream)).append(payload);
}

inline std::string settings() { return frame(4, 0, 0, ""); }
inline std::string reset_stream(std::uint32_t stream, Code code) {
  return frame(3, 0, stream, four(static_cast<std::uint32_t>(code)));
}
inline std::string go_away(std::uint32_t last_stream, Code code) {
  return frame(7, 0, 0, four(last_stream) + four(static_cast<std::uint32_t>(code)));
}
/// Status 200 with this body.
inline std::string answer(std::uint32_t stream, std::string_view body) {
  return frame(1, 4, stream, "\x88") + frame(0, 1, stream, body);
}

/// What turns a connection of HTTP/1.1 into one of HTTP/2, on which the request is stream 1.
inline std::string switched() {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + settings();
}

}  // namespace overlap::test::h2
