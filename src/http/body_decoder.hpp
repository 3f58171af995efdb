#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/gzip_frame.hpp"

namespace overlap::http::detail {

/// Takes the content encoding off a body as it comes: gzip and deflate, the two that are asked for.
///
/// Ours and not libcurl's, since libcurl (7.88) takes a compressed stream that ends too early for a whole one.
class BodyDecoder {
 public:
  static constexpr const char* kAccepted = "gzip, deflate";

  /// Null for the identity; fails for any other coding and for several on top of each other.
  static std::expected<std::unique_ptr<BodyDecoder>, std::string> make(std::string_view content_encoding);

  ~BodyDecoder();
  BodyDecoder(const BodyDecoder&) = delete;
  BodyDecoder& operator=(const BodyDecoder&) = delete;

  /// More of the encoded body; must stay until next() has given all of it.
  void feed(std::span<const std::byte> encoded);
  /// The next decoded piece, valid until the next call; empty when the input is used up. Fails if it is broken.
  std::expected<std::span<const std::byte>, std::string> next();
  /// To be called once at the end of the body: the last of what it decodes to, mostly nothing. Fails if the compressed
  /// stream has not ended; no byte at all is an empty body.
  std::expected<std::span<const std::byte>, std::string> finish();

 private:
  struct Inflate;
  enum class Part : std::uint8_t { between, head, stream, check };

  explicit BodyDecoder(bool gzip);
  std::expected<void, std::string> begin_member();
  std::expected<std::size_t, std::string> inflate();

  const bool gzip_;
  Part part_ = Part::between;  // of one of the members that a gzip body may consist of
  std::size_t members_ = 0;
  std::span<const std::byte> input_;
  Frame frame_;
  std::unique_ptr<Inflate> inflate_;
};

}  // namespace overlap::http::detail
