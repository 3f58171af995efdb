#include "cli/input_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cli/escape.hpp"

namespace overlap::cli {

// Not by std::ifstream, which has no word for why it could not read.
std::expected<std::string, ReadError> read_file(const std::string& name) {
  const auto failed = [&name](int code) {
    return std::unexpected(
        ReadError{code, fmt::format("cannot read {}: {}", escape_for_terminal(name, 200), std::strerror(code))});
  };
  const std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })> file(
      std::fopen(name.c_str(), "rbe"));
  if (!file) return failed(errno);
  std::string text;
  for (char block[16384];;) {
    errno = 0;
    const std::size_t got = std::fread(block, 1, sizeof block, file.get());
    text.append(block, got);
    if (got < sizeof block && std::ferror(file.get()) != 0) return failed(errno == 0 ? EIO : errno);
    if (got < sizeof block) return text;
  }
}

}  // namespace overlap::cli
