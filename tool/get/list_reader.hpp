// The list of what to fetch, pulled one entry at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "get/list_decoder.hpp"

namespace overlap::get {

/// A list: a file, standard input or the arguments of the command line. Its memory is that of one block, however long
/// the list is; it may never end. Used by one thread.
///
/// A list ends in one of two ways: next() returns nothing, and error() says whether that was the end or a failure to
/// read. Whoever pulls must ask, or a list cut short by a failing disk passes for a whole one.
class ListReader {
 public:
  struct Options {
    ListFormat format = ListFormat::txt;
    ListColumns columns = {};
    std::uint64_t first_ordinal = 1;  ///< after other lists: their next_ordinal()
    LineReader::Options lines = {};
  };

  /// Opens `file`; "-" is standard input. A file that is missing, a directory or not readable is an error that names
  /// it. The automatic format goes by the name of the file first. Lines may be as long as the format has them.
  static std::expected<ListReader, std::string> open(const std::string& file, Options options);
  static std::expected<ListReader, std::string> open(const std::string& file) { return open(file, Options{}); }

  /// Reads an open descriptor, which `name` names in errors, and closes it at the end.
  static ListReader from_descriptor(FileDescriptor descriptor, std::string name, Options options);

  /// Each argument is an entry; none is a comment.
  static ListReader from_arguments(std::vector<std::string> urls, std::uint64_t first_ordinal = 1);

  /// The next entry, waiting for it if need be (a signal does not end the wait); nothing at the end or after an error.
  std::optional<ListEntry> next();

  /// Whether next() would answer at once, with an entry or with nothing. Waits up to `patience` for that, or until a
  /// signal comes, and reads a bounded number of blocks. Who must stay able to stop, or has other things to see to
  /// while a pipe is silent, asks this first.
  bool is_ready(std::chrono::milliseconds patience = std::chrono::milliseconds(0));

  /// Why the list ended before its end: "cannot read urls.txt: Input/output error", or its columns are others than
  /// those that were asked for.
  const std::optional<std::string>& error() const { return error_; }

  /// The ordinal that the next entry will have.
  std::uint64_t next_ordinal() const { return next_ordinal_; }

 private:
  ListReader() = default;

  bool is_known();
  void take_argument();
  bool take_line();
  void take_end();
  void offer(std::optional<ListEntry> entry);
  void end(std::optional<std::string> error);

  std::string name_;
  std::optional<LineReader> lines_;  // nothing: the arguments
  std::unique_ptr<ListDecoder> decoder_;
  std::vector<std::string> arguments_;
  std::size_t next_argument_ = 0;

  std::optional<ListEntry> pending_;
  std::uint64_t next_ordinal_ = 1;
  bool has_ended_ = false;
  std::optional<std::string> error_;
};

}  // namespace overlap::get
