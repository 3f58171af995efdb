#include "get/list_source.hpp"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "cli/digest.hpp"
#include "cli/escape.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

namespace fs = std::filesystem;

std::string source_of_urls(const std::vector<std::string>& urls) {
  cli::Sha256 hash;
  for (const std::string& text : urls) {
    const auto url = parse_url(text);
    hash.update(url ? url->display() : redacted(text));
    hash.update(std::string_view("\n"));
  }
  return fmt::format("arguments: {}, sha256 {}", urls.size(), hash.finish().hex());
}

std::string source_of_file(const std::string& file, const std::string& directory) {
  std::error_code error;
  if (file == "-" || !fs::is_regular_file(file, error)) return "stream";
  const fs::path from = fs::canonical(directory, error);
  const fs::path to = fs::canonical(file, error);
  if (error) return "file: " + cli::escape_for_terminal(file);
  return "file: " + cli::escape_for_terminal(to.lexically_relative(from).string());
}

}  // namespace

std::optional<std::string> path_below(const std::string& directory, const std::string& file) {
  std::error_code error;
  if (file == "-" || !fs::is_regular_file(file, error)) return std::nullopt;
  const fs::path from = fs::canonical(directory, error);
  if (error) return std::nullopt;
  const fs::path to = fs::canonical(file, error);
  if (error) return std::nullopt;
  const fs::path path = to.lexically_relative(from);
  if (path.empty() || *path.begin() == "..") return std::nullopt;
  return path.string();
}

std::string list_source(const std::vector<std::string>& urls, const std::vector<std::string>& files,
                        const std::string& directory) {
  std::string source;
  if (!urls.empty()) source = source_of_urls(urls);
  for (const std::string& file : files) {
    if (!source.empty()) source += '\n';
    source += source_of_file(file, directory);
  }
  return source;
}

}  // namespace overlap::get
