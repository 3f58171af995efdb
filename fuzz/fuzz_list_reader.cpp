// Any bytes as a list, read whole and in pieces: where the reads fall must change nothing.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "cli/escape.hpp"
#include "get/list_reader.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

constexpr std::size_t kMaxLine = 100;
constexpr std::size_t kMaxPiece = 5000;

const ListReader::Options kOptions{.lines = {.max_line_bytes = kMaxLine, .block_bytes = 1}};

void write_all(const FileDescriptor& to, std::string_view bytes) {
  check(::write(to.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

/// One line of text for an entry, after checking it.
std::string check_entry(const ListEntry& entry, std::uint64_t& ordinal, std::uint64_t& line) {
  const auto [its_ordinal, its_line] = std::visit([](const auto& e) { return std::pair(e.ordinal, e.line); }, entry);
  check(its_ordinal == ++ordinal);
  check(its_line > line);
  line = its_line;
  if (const auto* item = std::get_if<Item>(&entry)) {
    check(!item->url.empty() && item->url.size() <= kMaxLine);
    check(overlap::cli::utf8_prefix(item->url) == item->url.size());
    check(std::ranges::none_of(item->url, [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
    return std::to_string(line) + " " + item->url;
  }
  const auto& bad = std::get<BadLine>(entry);
  check(overlap::cli::escape_for_terminal(bad.text) == bad.text && bad.text.size() <= 200 && !bad.why.empty());
  return std::to_string(line) + " " + bad.text + ": " + bad.why;
}

std::vector<std::string> read_whole(std::string_view list) {
  FileDescriptor file(::memfd_create("list", MFD_CLOEXEC));
  write_all(file, list);
  check(::lseek(file.get(), 0, SEEK_SET) == 0);
  auto reader = ListReader::from_descriptor(std::move(file), "list", kOptions);
  std::vector<std::string> entries;
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  while (const auto entry = reader.next()) entries.push_back(check_entry(*entry, ordinal, line));
  if (reader.error()) entries.push_back(*reader.error());
  return entries;
}

std::vector<std::string> read_in_pieces(std::string_view list, std::size_t piece_bytes) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC) == 0);
  FileDescriptor writing(ends[1]);
  auto reader = ListReader::from_descriptor(FileDescriptor(ends[0]), "list", kOptions);
  std::vector<std::string> entries;
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  bool has_ended = false;
  const auto drain = [&] {
    while (!has_ended && reader.is_ready()) {
      const auto entry = reader.next();
      has_ended = !entry.has_value();
      if (entry) entries.push_back(check_entry(*entry, ordinal, line));
    }
  };
  for (; !list.empty() && !has_ended; list.remove_prefix(std::min(list.size(), piece_bytes))) {
    write_all(writing, list.substr(0, piece_bytes));
    drain();
  }
  writing = FileDescriptor();
  while (!has_ended) drain();
  if (reader.error()) entries.push_back(*reader.error());
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view list(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The first byte is the size of a piece; a long list is not read a byte at a time.
  const std::size_t piece = std::clamp<std::size_t>(std::size_t{data[0]} + 1, 1 + size / 64, kMaxPiece);
  check(read_whole(list) == read_in_pieces(list, piece));
  return 0;
}
