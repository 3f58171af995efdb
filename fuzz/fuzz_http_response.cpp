// Any bytes as what a server answers over plain HTTP/1.1, in pieces: whole and at once, or byte by byte, the outcome is
// the same, and nothing but a response or a failure of its own class comes of it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "check.hpp"
#include "http/plain/exchange.hpp"

namespace {

namespace http = overlap::http;
using http::detail::Exchange;
using overlap::fuzz::check;
using Result = std::expected<http::Response, http::Failure>;

Result receive(std::span<const std::byte> answer, std::size_t piece_size, const http::SessionOptions& options,
               const char* method) {
  Exchange exchange(options);
  http::Request request;
  request.method = method;
  request.url = "http://example.com/x";
  request.limits.max_bytes = 1 << 20;
  exchange.prepare(request, {.follows_redirects = false});
  Exchange::Progress progress = Exchange::Progress::more;
  while (progress == Exchange::Progress::more && !answer.empty()) {
    const auto piece = answer.first(std::min(piece_size, answer.size()));
    answer = answer.subspan(piece.size());
    progress = exchange.take(piece);
  }
  if (progress == Exchange::Progress::more) exchange.connection_ended(0);
  return exchange.finish();
}

void compare(const Result& whole, const Result& cut) {
  check(whole.has_value() == cut.has_value());
  if (!whole) {
    check(whole.error().error_class == cut.error().error_class);
    check(!whole.error().message.empty());
    return;
  }
  check(whole->status >= 200 && whole->status <= 999);
  check(whole->status == cut->status && whole->body == cut->body && whole->headers == cut->headers);
  check(whole->body_bytes == whole->body.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const http::SessionOptions options{.compressed = (data[0] & 1) != 0};
  const char* const method = (data[0] & 2) != 0 ? "HEAD" : "GET";
  const auto answer = std::as_bytes(std::span(data + 1, size - 1));
  const Result whole = receive(answer, answer.size() + 1, options, method);
  compare(whole, receive(answer, 1, options, method));
  compare(whole, receive(answer, 7, options, method));
  return 0;
}
