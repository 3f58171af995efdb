#include "compare/output_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include "cli/escape.hpp"

namespace overlap::compare {
namespace {

std::unexpected<std::string> cannot_write(const std::string& name) {
  return std::unexpected(fmt::format("cannot write {}: {}", cli::escape_for_terminal(name), std::strerror(errno)));
}

}  // namespace

std::expected<void, std::string> OutputFile::open(const std::string& name) {
  if (name.empty()) return {};
  name_ = name;
  stream_.open(name, std::ios::binary | std::ios::trunc);
  if (!stream_) return cannot_write(name_);
  return {};
}

std::expected<void, std::string> OutputFile::write(const std::function<void(std::ostream&)>& writer) {
  if (name_.empty()) return {};
  writer(stream_);
  stream_.close();
  if (!stream_) return cannot_write(name_);
  return {};
}

}  // namespace overlap::compare
