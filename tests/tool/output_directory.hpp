// An output directory beside something that must stay as it is.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "get/output_directory.hpp"

namespace overlap::get {

namespace fs = std::filesystem;

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "no file " + path.string();
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Every test runs with the kernel's openat2 and without.
class OutputDirectoryTest : public testing::TestWithParam<DirectoryTree::Resolver> {
 protected:
  explicit OutputDirectoryTest(const fs::path& parent = fs::temp_directory_path()) {
    std::string pattern = (parent / "overlap-out-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    base_ = pattern;
    root_ = base_ / "out";
    outside_ = base_ / "outside";
    fs::create_directory(outside_);
    std::ofstream(outside_ / "victim") << "precious";
  }
  ~OutputDirectoryTest() override { fs::remove_all(base_); }

  OutputDirectory open() const {
    auto opened = OutputDirectory::open(root_.string(), {.resolver = GetParam(), .max_open_directories = 4});
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }

  static PartFile part_with(const OutputDirectory& directory, std::string_view content) {
    auto part = directory.create_part();
    if (!part) throw std::runtime_error(part.error().message);
    if (auto written = part->write(bytes_of(content)); !written) throw std::runtime_error(written.error().message);
    return *std::move(part);
  }

  /// The code of the error that storing `content` at `path` gives; nothing if it gives none.
  static std::optional<DiskErrorCode> store(const OutputDirectory& directory, std::string_view path,
                                            std::string_view content, CommitOptions options = {}) {
    const auto done = part_with(directory, content).commit(path, options);
    return done ? std::nullopt : std::optional(done.error().code);
  }

  std::vector<std::string> parts_left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / ".overlap/tmp")) names.push_back(entry.path().filename());
    return names;
  }

  void expect_outside_untouched() const {
    EXPECT_EQ(content_of(outside_ / "victim"), "precious");
    EXPECT_EQ(std::distance(fs::directory_iterator(outside_), {}), 1) << "something was created outside";
  }

  fs::path base_, root_, outside_;
};

inline constexpr auto kResolvers = [] {
  return testing::Values(DirectoryTree::Resolver::automatic, DirectoryTree::Resolver::walk);
};
inline constexpr auto kResolverName = [](const testing::TestParamInfo<DirectoryTree::Resolver>& resolver) {
  return resolver.param == DirectoryTree::Resolver::automatic ? "Openat2" : "Walk";
};

}  // namespace overlap::get
