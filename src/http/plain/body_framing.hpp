#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "http/head.hpp"

namespace overlap::http::detail {

/// Where the body of an HTTP/1.1 response is in the bytes of its connection, and where it ends (RFC 9112, 6 and 7).
class BodyFraming {
 public:
  /// Fails with what is wrong with the head: a transfer coding other than chunked.
  std::expected<void, std::string> begin(const Head& head, std::string_view transfer_encoding, bool has_body);

  /// The next piece of the body in `input`, whose begin moves past what was read; empty when the input is used up or
  /// the body has ended. Fails if the chunks are malformed.
  std::expected<std::span<const std::byte>, std::string> next(std::span<const std::byte>& input);

  bool is_complete() const noexcept { return part_ == Part::done; }
  /// The end of the connection is the end of the body.
  bool ends_with_connection() const noexcept { return part_ == Part::until_close; }
  bool is_chunked() const noexcept { return chunked_; }

 private:
  enum class Part : std::uint8_t { done, until_close, counted, chunk_size, chunk, chunk_end, trailer };

  std::span<const std::byte> take(std::span<const std::byte>& input);
  std::expected<void, std::string> take_line_part(std::span<const std::byte>& input);
  std::expected<void, std::string> line_ended();
  std::expected<void, std::string> begin_chunk();

  Part part_ = Part::done;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  // of the body or the chunk
  std::string line_;        // of a chunk's size, its end, or the trailer
  std::size_t trailer_ = 0;
};

}  // namespace overlap::http::detail
