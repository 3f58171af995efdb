// What stands for the results of a whole run.
#pragma once

#include <span>
#include <string>

#include "cli/digest.hpp"

namespace overlap::compare {

using cli::Digest;
using cli::sha256;
using cli::Sha256;

/// The digest of digests, in this order. In hex.
std::string total_digest(std::span<const Digest> digests);

}  // namespace overlap::compare
