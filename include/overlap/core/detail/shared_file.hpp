#pragma once
/// Memory without a name that another process can be handed: memfd_create(2).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace overlap::detail {

/// Owns the descriptor of such memory. Reading is safe from any thread; it is written by one, before it is shared.
class SharedFile {
 public:
  /// Null when there are no descriptors left, or the system refuses.
  static std::shared_ptr<SharedFile> create();
  /// As create(), but null also while this process has kMostBudgeted of these: descriptors are the program's, and a
  /// queue of large arguments must not use them up.
  static std::shared_ptr<SharedFile> create_budgeted();
  static constexpr int kMostBudgeted = 64;
  /// Takes over a descriptor that was received.
  explicit SharedFile(int fd) noexcept : fd_(fd) {}
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  int fd() const noexcept { return fd_; }
  /// Bytes written by append().
  std::uint64_t size() const noexcept { return size_; }
  /// Of the memory, whoever wrote it.
  std::uint64_t length() const noexcept;
  /// Throws std::bad_alloc when the system has no memory for it.
  void append(const void* data, std::size_t size);
  /// Forgets what was appended beyond `size`: the next append() writes there.
  void cut(std::uint64_t size) noexcept { size_ = size; }
  /// False if there is not that much.
  bool read(std::uint64_t offset, void* into, std::size_t size) const noexcept;
  /// Nobody can shrink it from now on, so that who maps it cannot be hurt, nor make a mapping that may write.
  void seal() noexcept;

 private:
  int fd_;
  std::uint64_t size_ = 0;
  bool budgeted_ = false;
};

using SharedFilePtr = std::shared_ptr<SharedFile>;

/// A mapped file of memory, read-only once it is frozen. What SharedArray is made of.
class SharedBytes {
 public:
  /// Of zeros. Throws std::bad_alloc, or std::system_error without descriptors.
  static std::shared_ptr<SharedBytes> make(std::size_t size);
  /// A frozen copy.
  static std::shared_ptr<const SharedBytes> copy(std::span<const std::byte> bytes);
  /// Maps what another process has frozen. Throws NotShippable when it is not that, or not `size` bytes.
  static std::shared_ptr<const SharedBytes> map(SharedFilePtr file, std::size_t size);
  ~SharedBytes();
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;

  std::byte* writable() noexcept { return data_; }
  void freeze() noexcept;
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  const SharedFilePtr& file() const noexcept { return file_; }

 private:
  SharedBytes(SharedFilePtr file, std::size_t size, bool writable);

  SharedFilePtr file_;
  std::size_t size_;
  std::byte* data_ = nullptr;
};

}  // namespace overlap::detail
