#include "cli/result_stream.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace overlap::cli {
namespace {

int last_error() noexcept { return errno != 0 ? errno : EIO; }

}  // namespace

void ResultStream::write(std::string_view text) {
  if (error_ != 0) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) error_ = last_error();
}

std::expected<void, std::string> ResultStream::finish() {
  errno = 0;
  if (error_ == 0 && std::fflush(file_) != 0) error_ = last_error();
  if (error_ == 0 || error_ == EPIPE || error_ == EBADF) return {};
  return std::unexpected(fmt::format("cannot write the output to stdout: {}", std::strerror(error_)));
}

}  // namespace overlap::cli
