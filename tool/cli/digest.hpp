// SHA-256, so that bodies can be compared without being kept.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace overlap::cli {

/// A plain value, so that it crosses to and from worker processes as its bytes.
struct Digest {
  std::array<unsigned char, 32> bytes{};

  /// 64 lower-case digits, as sha256sum prints them.
  std::string hex() const;

  friend bool operator==(const Digest&, const Digest&) = default;
};

/// The digest of text that comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view piece);
  void update(std::span<const std::byte> piece);
  /// Once, at the end.
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Digest sha256(std::string_view text);

}  // namespace overlap::cli
