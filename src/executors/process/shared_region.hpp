#pragma once
/// Memory that two processes map: what bells and rings lie in.

#include <cstddef>
#include <type_traits>
#include <utility>

#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// A mapping between two pages that cannot be touched, so that what runs over an array's end beside it is a crash of
/// that process instead of damage to both. Movable.
class SharedRegion {
 public:
  enum class ForkedChildren : bool { keep_it, lose_it };

  /// New memory of zeros, that descriptor being handed to another process. Throws std::system_error.
  static UniqueFd create(const char* name, std::size_t size);
  /// Throws std::system_error.
  SharedRegion(int fd, std::size_t size, ForkedChildren children);
  ~SharedRegion();
  SharedRegion(SharedRegion&& other) noexcept
      : reserved_(std::exchange(other.reserved_, nullptr)), size_(other.size_) {}
  SharedRegion& operator=(SharedRegion&&) = delete;

  void* data() const noexcept;

 private:
  char* reserved_;  // the first of the two pages
  std::size_t size_;
};

/// The same for one object that zeros are a valid value of.
template <class T>
class Shared {
 public:
  static_assert(std::is_trivially_destructible_v<T> && std::is_standard_layout_v<T>);
  using ForkedChildren = SharedRegion::ForkedChildren;

  static UniqueFd create(const char* name) { return SharedRegion::create(name, sizeof(T)); }
  Shared(int fd, ForkedChildren children) : region_(fd, sizeof(T), children) {}

  T& operator*() const noexcept { return *static_cast<T*>(region_.data()); }
  T* operator->() const noexcept { return static_cast<T*>(region_.data()); }

 private:
  SharedRegion region_;
};

}  // namespace overlap::detail
