// The bytes of a list, whatever it is compressed with.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// Reads a descriptor and, if it begins as gzip does, decompresses what it yields: all members, one after the other, as
/// gunzip does. Used by one thread.
///
/// Only read() reads and blocks; is_readable() says whether it would.
class ByteSource {
 public:
  /// Reads `descriptor` and closes it at the end.
  explicit ByteSource(FileDescriptor descriptor);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Waits for bytes and puts some into `room`, which is not empty; how many. 0 for none does not mean the end:
  /// at_end() does.
  std::size_t read(std::span<char> room);

  /// No more bytes will come: the end, or error().
  bool at_end() const { return at_end_; }

  /// Whether read() would return at once. Waits up to `patience` for that, or until a signal comes.
  bool is_readable(std::chrono::milliseconds patience) const;

  /// Why the bytes ended before their end: "Input/output error", "its gzip data is cut short".
  const std::optional<std::string>& error() const { return error_; }

 private:
  class Inflater;

  std::size_t read_descriptor(std::span<char> room);
  std::size_t read_first(std::span<char> room);
  std::size_t read_compressed(std::span<char> room);
  void fail(std::string why);

  FileDescriptor descriptor_;
  std::unique_ptr<Inflater> inflater_;  // set once the bytes are known to be compressed
  std::string first_;                   // of the bytes, as long as they are too few to tell
  bool is_decided_ = false;
  bool descriptor_ended_ = false;
  bool at_end_ = false;
  std::optional<std::string> error_;
};

}  // namespace overlap::get
