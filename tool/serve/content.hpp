#pragma once
/// The bodies of the origin: pure functions of path and seed, so that a test or a comparison knows what must have
/// been received without asking the network.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "serve/target.hpp"

namespace overlap::serve {

/// A body, readable at any place. Bodies of /bytes/N are computed as they are read, so that the largest costs no
/// memory; all others are held. Immutable; copies share the text.
class Content {
 public:
  Content() = default;  ///< empty

  static Content of_text(std::string_view type, std::string text);

  /// The first `size` bytes of the seed's endless stream.
  static Content of_bytes(std::uint64_t size, std::uint64_t seed);

  std::string_view content_type() const { return type_; }
  std::uint64_t size() const { return size_; }

  /// The text, whose end is the body's end; null when the body is computed.
  const std::string* text() const { return text_.get(); }

  /// Copies out.size() bytes from `offset` on; the caller stays within size().
  void read(std::uint64_t offset, std::span<char> out) const;

  std::string body() const;    ///< whole: not for bodies larger than memory
  std::string sha256() const;  ///< of the whole body, in lower-case hex

 private:
  std::string_view type_ = "application/octet-stream";  // always a literal
  std::uint64_t size_ = 0;
  std::uint64_t seed_ = 0;                   // of the stream, when there is no text
  std::shared_ptr<const std::string> text_;  // null: the stream
};

/// What a GET of `target` (a path, with its query if it has one) answers with status 200; nothing if it answers
/// otherwise (/status/..., /redirect/1, /fault/...). An image takes a tenth of a second or more to make.
std::optional<Content> content_for(std::string_view target, std::uint64_t seed);

/// As content_for(), for a route that is one of bytes, json, image and page.
Content make_content(const Target& target, const Route& route, std::uint64_t seed);

/// A strong entity tag, in its quotes, of make_content() with the same arguments.
std::string etag_for(const Target& target, const Route& route, std::uint64_t seed);

std::string make_json(std::string_view id, std::uint64_t seed);
std::string make_page(std::string_view target, std::uint64_t seed);  ///< 2 to 60 KiB of HTML

}  // namespace overlap::serve
