// Faults of the message itself: heads, lengths and chunks that no correct server sends.
#include <string>

#include "serve/faults.hpp"

namespace overlap::serve::fault_handlers {
namespace {

constexpr std::string_view kStart = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

/// A 200 with these further header lines, as they stand, and this body; then close.
Reply written(std::string_view lines, std::string_view body) {
  std::string bytes(kStart);
  bytes += lines;
  bytes += "\r\n";
  bytes += body;
  return raw_reply(std::move(bytes), Ending::close);
}

std::string_view kind_of(const FaultCall& call, std::string_view otherwise) {
  return call.args.empty() ? otherwise : call.args[0];
}

}  // namespace

std::optional<Reply> content_length(const FaultCall& call) {
  const std::string_view kind = kind_of(call, {});
  if (kind == "conflicting") return written("Content-Length: 5\r\nContent-Length: 7\r\n", "hello w");
  if (kind == "repeated") return written("Content-Length: 5, 6\r\n", "hello!");
  if (kind == "negative") return written("Content-Length: -5\r\n", "hello");
  if (kind == "chunked")
    return written("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
  return std::nullopt;
}

std::optional<Reply> bad_chunk(const FaultCall& call) {
  constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
  const std::string_view kind = kind_of(call, "size");
  if (kind == "size") return written(kChunked, "5\r\nhello\r\nxyz\r\nworld\r\n0\r\n\r\n");
  if (kind == "overflow") return written(kChunked, "5\r\nhello\r\nfffffffffffffffff5\r\nworld\r\n0\r\n\r\n");
  if (kind == "unterminated") return written(kChunked, "5\r\nhello\r\n");
  return std::nullopt;
}

std::optional<Reply> slow_headers(const FaultCall& call) {
  const auto rate = call.size_arg(0, 1);
  if (!rate || *rate == 0) return std::nullopt;
  std::string bytes(kStart);
  for (int line = 0; line < 100; ++line) bytes += "X-Filler: not there yet\r\n";
  bytes += "Content-Length: 5\r\n\r\nhello";
  auto document = std::make_shared<Document>();
  document->content = Content::of_text({}, std::move(bytes));  // as a body, since bodies are what is paced
  Reply reply = whole_reply(std::move(document), Method::get);
  reply.raw = true;
  reply.bandwidth = *rate;
  reply.ending = Ending::close;
  return reply;
}

std::optional<Reply> header(const FaultCall& call) {
  constexpr std::string_view kLength = "Content-Length: 5\r\n";
  const std::string_view kind = kind_of(call, {});
  std::string lines(kLength);
  if (kind == "huge") return written(lines + "X-Huge: " + std::string(1 << 20, 'h') + "\r\n", "hello");
  if (kind == "nul") return written(lines + "X-Nul: a" + std::string(1, '\0') + "b\r\n", "hello");
  if (kind == "bare-cr") return written(lines + "X-Bare: a\rX-Smuggled: b\r\n", "hello");
  if (kind == "no-colon") return written(lines + "this line has none\r\n", "hello");
  return std::nullopt;
}

std::optional<Reply> garbage(const FaultCall&) {
  return raw_reply("220 mail.example ESMTP\r\nthis is not HTTP\r\n", Ending::close);
}

}  // namespace overlap::serve::fault_handlers
