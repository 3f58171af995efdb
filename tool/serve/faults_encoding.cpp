// Faults of compressed bodies, written bit by bit: what is wanted here is what a compressor would never make.
#include <fmt/format.h>

#include <string>

#include "serve/faults.hpp"

namespace overlap::serve::fault_handlers {
namespace {

constexpr std::uint64_t kMaxBomb = std::uint64_t{4} << 30;  // 26 MB on the wire, made anew for each request

Reply encoded_reply(const FaultCall& call, std::string_view encoding, std::string body) {
  auto document = std::make_shared<Document>();
  const std::string length = fmt::to_string(body.size());
  document->head =
      make_head(200, {{"Content-Type", "text/plain"}, {"Content-Encoding", encoding}, {"Content-Length", length}});
  document->content = Content::of_text("text/plain", std::move(body));
  return whole_reply(std::move(document), call.request.method);
}

/// The gzip header of RFC 1952: deflate, no flags, no time, unknown system.
std::string gzip_header() { return {'\x1f', '\x8b', '\x08', 0, 0, 0, 0, 0, 0, '\xff'}; }

/// DEFLATE's order (RFC 1951, 3.1.1): bits fill bytes from the lowest, Huffman codes begin at their highest bit.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}

  void add_code(unsigned code, int length) {
    while (length-- > 0) add_bit((code >> length) & 1);
  }
  void add_bit(unsigned bit) {
    byte_ |= bit << used_;
    if (++used_ == 8) flush();
  }
  void flush() {
    if (used_ == 0) return;
    out_ += static_cast<char>(byte_);
    byte_ = 0;
    used_ = 0;
  }

 private:
  std::string& out_;
  unsigned byte_ = 0;
  int used_ = 0;
};

/// `count` zero bytes in one block of fixed codes: a zero, then copies of the 258 bytes before.
void add_deflated_zeros(std::string& out, std::uint64_t count) {
  BitWriter bits(out);
  bits.add_bit(1);  // the last block
  bits.add_bit(1);  // fixed Huffman codes, low bit first
  bits.add_bit(0);
  const auto add_zero = [&bits] { bits.add_code(0x30, 8); };
  if (count > 0) add_zero();
  for (std::uint64_t left = count > 0 ? count - 1 : 0; left > 0;) {
    if (left < 258) {
      add_zero();
      --left;
    } else {
      bits.add_code(0xc5, 8);  // length 258
      bits.add_code(0, 5);     // distance 1
      left -= 258;
    }
  }
  bits.add_code(0, 7);  // end of block
  bits.flush();
}

/// Zero bytes in the zlib format (RFC 1950), which is what "deflate" means in HTTP.
std::string zlib_zeros(std::uint64_t count) {
  std::string out{'\x78', '\x9c'};
  add_deflated_zeros(out, count);
  const std::uint64_t adler = (count % 65521) << 16 | 1;  // of zeros: the low sum stays 1, the high one counts
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(adler >> shift & 0xff);
  return out;
}

}  // namespace

std::optional<Reply> gzip(const FaultCall& call) {
  const std::string_view kind = call.args.empty() ? std::string_view() : call.args[0];
  if (kind == "broken") return encoded_reply(call, "gzip", gzip_header() + "\xff\xff\xff this is no block");
  if (kind == "truncated") {
    // A stored block that announces 0x4000 bytes and has five.
    return encoded_reply(call, "gzip", gzip_header() + std::string("\x01\x00\x40\xff\xbf", 5) + "hello");
  }
  if (kind == "stacked") return encoded_reply(call, "deflate, deflate, deflate, deflate, deflate", zlib_zeros(1000));
  return std::nullopt;
}

std::optional<Reply> bomb(const FaultCall& call) {
  constexpr std::uint64_t kDefault = 100 << 20;
  const auto size = call.size_arg(0, kDefault);
  if (!size || *size > kMaxBomb) return std::nullopt;
  return encoded_reply(call, "deflate", zlib_zeros(*size));
}

}  // namespace overlap::serve::fault_handlers
