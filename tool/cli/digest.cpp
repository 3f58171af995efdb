#include "cli/digest.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace overlap::cli {
namespace {

// Looked up once: EVP_sha256() makes OpenSSL 3 look it up for every digest, which costs as much as a digest of 1 KiB.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), sha256_method(), nullptr) != 1)
    throw std::runtime_error("no SHA-256");
}

void Sha256::update(std::string_view piece) { EVP_DigestUpdate(context_.get(), piece.data(), piece.size()); }

void Sha256::update(std::span<const std::byte> piece) { EVP_DigestUpdate(context_.get(), piece.data(), piece.size()); }

Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr);
  return digest;
}

std::string Digest::hex() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Digest sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

}  // namespace overlap::cli
