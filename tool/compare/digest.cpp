#include "compare/digest.hpp"

namespace overlap::compare {

std::string total_digest(std::span<const Digest> digests) {
  Sha256 hash;
  for (const Digest& digest : digests) hash.update(std::as_bytes(std::span(digest.bytes)));
  return hash.finish().hex();
}

}  // namespace overlap::compare
