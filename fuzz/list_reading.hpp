// A list read whole and in pieces, which must come to the same.
#pragma once

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

namespace overlap::fuzz {

inline void write_all(const get::FileDescriptor& to, std::string_view bytes) {
  check(::write(to.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// One line of text for an entry, after checking it.
inline std::string check_entry(const get::ListEntry& entry, std::uint64_t& ordinal, std::uint64_t& line) {
  const auto [its_ordinal, its_line] = std::visit([](const auto& e) { return std::pair(e.ordinal, e.line); }, entry);
  check(its_ordinal == ++ordinal);
  check(its_line > line);
  line = its_line;
  std::string text = std::to_string(line) + " ";
  if (const auto* bad = std::get_if<get::BadLine>(&entry)) {
    check(cli::escape_for_terminal(bad->text) == bad->text && bad->text.size() <= 200 && !bad->why.empty());
    check(cli::utf8_prefix(bad->why) == bad->why.size());
    return text + bad->text + ": " + bad->why;
  }
  const auto& item = std::get<get::Item>(entry);
  check(!item.url.empty());
  check(cli::utf8_prefix(item.url) == item.url.size());
  check(std::ranges::none_of(item.url, is_control));
  check(!item.sha256 || item.sha256->size() == 64);
  check(cli::utf8_prefix(item.kept) == item.kept.size() && std::ranges::none_of(item.kept, is_control));
  text += item.url + " " + item.name.value_or("") + " " + item.sha256.value_or("") + item.kept;
  for (const auto& [name, value] : item.headers) {
    check(!name.empty() && name.find_first_of(": \t\r\n") == std::string::npos);
    check(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    text += " " + name + ": " + value;
  }
  return text;
}

inline std::vector<std::string> read_whole(std::string_view list, const get::ListReader::Options& options) {
  get::FileDescriptor file(::memfd_create("list", MFD_CLOEXEC));
  write_all(file, list);
  check(::lseek(file.get(), 0, SEEK_SET) == 0);
  auto reader = get::ListReader::from_descriptor(std::move(file), "list", options);
  std::vector<std::string> entries;
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  while (const auto entry = reader.next()) entries.push_back(check_entry(*entry, ordinal, line));
  if (reader.error()) entries.push_back(*reader.error());
  return entries;
}

inline std::vector<std::string> read_in_pieces(std::string_view list, std::size_t piece_bytes,
                                               const get::ListReader::Options& options) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC) == 0);
  get::FileDescriptor writing(ends[1]);
  auto reader = get::ListReader::from_descriptor(get::FileDescriptor(ends[0]), "list", options);
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
  writing = get::FileDescriptor();
  while (!has_ended) drain();
  if (reader.error()) entries.push_back(*reader.error());
  return entries;
}

}  // namespace overlap::fuzz
