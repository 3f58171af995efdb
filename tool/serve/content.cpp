#include "serve/content.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "serve/jpeg.hpp"
#include "serve/mix.hpp"

namespace overlap::serve {
namespace {

// Bodies this short are held rather than computed, so that they go out in one write with their head.
constexpr std::uint64_t kHeldBytes = 64 << 10;
constexpr std::size_t kWord = sizeof(std::uint64_t);

/// Eight bytes of the stream, the first of them lowest, on every machine.
std::uint64_t stream_word(std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t word = mix(seed + index * kGolden);
  return std::endian::native == std::endian::big ? std::byteswap(word) : word;
}

void read_stream(std::uint64_t seed, std::uint64_t offset, std::span<char> out) {
  const std::uint64_t base = mix(seed);
  while (!out.empty()) {
    const std::uint64_t word = stream_word(base, offset / kWord);
    const std::size_t skipped = offset % kWord;
    const std::size_t count = std::min(out.size(), kWord - skipped);
    std::array<char, kWord> bytes;
    std::memcpy(bytes.data(), &word, kWord);
    std::memcpy(out.data(), bytes.data() + skipped, count);
    offset += count;
    out = out.subspan(count);
    for (; out.size() >= kWord; out = out.subspan(kWord), offset += kWord) {  // aligned from here on
      const std::uint64_t next = stream_word(base, offset / kWord);
      std::memcpy(out.data(), &next, kWord);
    }
  }
}

struct DigestFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Content Content::of_text(std::string_view type, std::string text) {
  Content content;
  content.type_ = type;
  content.size_ = text.size();
  content.text_ = std::make_shared<const std::string>(std::move(text));
  return content;
}

Content Content::of_bytes(std::uint64_t size, std::uint64_t seed) {
  Content content;
  content.size_ = size;
  content.seed_ = seed;
  if (size > kHeldBytes) return content;
  std::string text(size, '\0');
  read_stream(seed, 0, text);
  content.text_ = std::make_shared<const std::string>(std::move(text));
  return content;
}

void Content::read(std::uint64_t offset, std::span<char> out) const {
  if (!text_) return read_stream(seed_, offset, out);
  std::copy_n(text_->data() + offset, out.size(), out.data());
}

std::string Content::body() const {
  std::string body(size_, '\0');
  read(0, body);
  return body;
}

std::string Content::sha256() const {
  const std::unique_ptr<EVP_MD_CTX, DigestFree> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) throw std::runtime_error("no SHA-256");
  std::vector<char> chunk(kHeldBytes);
  for (std::uint64_t offset = 0; offset < size_; offset += chunk.size()) {
    const std::span part = std::span(chunk).first(std::min<std::uint64_t>(chunk.size(), size_ - offset));
    read(offset, part);
    EVP_DigestUpdate(context.get(), part.data(), part.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  std::string hex;
  for (const unsigned char byte : std::span(digest).first(length)) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::optional<Content> content_for(std::string_view text, std::uint64_t seed) {
  const Target target = split_target(text);
  const Route route = route_of(target);
  switch (route.kind) {
    case RouteKind::bytes:
    case RouteKind::json:
    case RouteKind::image:
    case RouteKind::page:
      return make_content(target, route, seed);
    default:
      return std::nullopt;
  }
}

Content make_content(const Target& target, const Route& route, std::uint64_t seed) {
  switch (route.kind) {
    case RouteKind::bytes:
      return Content::of_bytes(route.number, seed);
    case RouteKind::json:
      return Content::of_text("application/json", make_json(route.text, seed));
    case RouteKind::image:
      return Content::of_text("image/jpeg", make_jpeg(hash_text(route.text, seed)));
    default:
      return Content::of_text("text/html; charset=utf-8", make_page(target.whole, seed));
  }
}

std::string etag_for(const Target& target, const Route& route, std::uint64_t seed) {
  // Only a page depends on the query; the rest go by their path.
  const std::string_view name = route.kind == RouteKind::page ? target.whole : target.path;
  return fmt::format("\"{:016x}\"", hash_text(name, seed));
}

}  // namespace overlap::serve
