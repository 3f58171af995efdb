#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <type_traits>

#include <overlap/core/detail/shared_file.hpp>
#include <overlap/core/shippable.hpp>

namespace overlap {

/// An array that never changes, in memory that processes share: as an argument or a result of a task in another process
/// it crosses without being copied, whatever its size.
///
/// A cheap handle, shared by copying; safe to read from any thread. The elements live until the last handle, in
/// whatever process, is gone. Each array holds a file descriptor while it lives. Any function that takes a
/// std::span<const T> takes it.
template <class T>
  requires std::is_trivially_copyable_v<T> && (!std::is_pointer_v<T>)
class SharedArray {
 public:
  using value_type = T;

  /// Empty.
  SharedArray() noexcept = default;
  /// Copies the elements, once. Throws std::bad_alloc, or std::system_error when there are no descriptors left.
  explicit SharedArray(std::span<const T> elements)
      : bytes_(detail::SharedBytes::copy(std::as_bytes(elements))), size_(elements.size()) {}

  /// Of `size` elements that `fill` writes in place, without a copy: it is called with a std::span<T> of zeros.
  template <std::invocable<std::span<T>> Fill>
  static SharedArray make(std::size_t size, Fill&& fill) {
    if (size > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    SharedArray array;
    const auto bytes = detail::SharedBytes::make(size * sizeof(T));
    std::invoke(std::forward<Fill>(fill), std::span<T>(reinterpret_cast<T*>(bytes->writable()), size));
    bytes->freeze();
    array.bytes_ = bytes;
    array.size_ = size;
    return array;
  }

  const T* data() const noexcept { return bytes_ ? reinterpret_cast<const T*>(bytes_->data()) : nullptr; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  const T& operator[](std::size_t index) const noexcept { return data()[index]; }

 private:
  friend void CEREAL_SAVE_FUNCTION_NAME(detail::Encoder& out, const SharedArray& array) {
    out(static_cast<std::uint64_t>(array.size_));
    if (array.size_ != 0) out(out.attach(array.bytes_->file()));
  }
  friend void CEREAL_LOAD_FUNCTION_NAME(detail::Decoder& in, SharedArray& array) {
    std::uint64_t size = 0;
    in(size);
    array = SharedArray();
    if (size == 0) return;
    std::uint32_t index = 0;
    in(index);
    if (size > static_cast<std::size_t>(-1) / sizeof(T)) throw NotShippable("a shared array of an impossible size");
    array.bytes_ = detail::SharedBytes::map(in.attachment(index), size * sizeof(T));
    array.size_ = size;
  }

  std::shared_ptr<const detail::SharedBytes> bytes_;  // null when empty
  std::size_t size_ = 0;
};

namespace detail {
template <class T>
struct IsShippable<SharedArray<T>> : std::true_type {};
}  // namespace detail

}  // namespace overlap
