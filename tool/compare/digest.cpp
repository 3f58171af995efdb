#include "compare/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace overlap::compare {

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("no SHA-256");
}

void Sha256::update(std::string_view piece) { EVP_DigestUpdate(context_.get(), piece.data(), piece.size()); }

Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr);
  return digest;
}

Digest sha256(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

std::string total_digest(std::span<const Digest> digests) {
  Sha256 hash;
  for (const Digest& digest : digests) {
    hash.update({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
  }
  std::string hex;
  for (const unsigned char byte : hash.finish().bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace overlap::compare
