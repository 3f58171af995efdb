#pragma once
/// The bytes that cross a process boundary: cereal archives over a plain buffer, both ends being the same program.

#include <cereal/archives/binary.hpp>
#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <overlap/core/detail/code_address.hpp>
#include <overlap/core/errors.hpp>

namespace overlap::detail {

class Encoder : public cereal::OutputArchive<Encoder, cereal::AllowEmptyClassElision> {
 public:
  Encoder() : OutputArchive(this) {}
  void save_binary(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  std::string& bytes() noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what an Encoder wrote; throws NotShippable at the end of the bytes, never reads past it.
class Decoder : public cereal::InputArchive<Decoder, cereal::AllowEmptyClassElision> {
 public:
  explicit Decoder(std::string_view bytes) : InputArchive(this), rest_(bytes) {}
  void load_binary(void* data, std::size_t size) {
    if (size > rest_.size()) throw NotShippable("a message between processes ends too early");
    if (size != 0) std::memcpy(data, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
};

/// Has support of its own in cereal: the standard containers, and classes with serialize() or save() and load().
template <class T>
inline constexpr bool cereal_knows = cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value &&
                                     cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value;

template <class T>
inline constexpr bool is_function_pointer = std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>;

/// Crosses as its bytes: numbers, and plain structs that cereal is not told about. (A plain struct that holds a
/// pointer would arrive as nonsense; no compiler of today can see that.)
template <class T>
concept CrossesAsBytes = std::is_arithmetic_v<T> || std::is_same_v<T, std::monostate> ||
                         (std::is_class_v<T> && std::is_aggregate_v<T> && std::is_trivially_copyable_v<T> &&
                          !std::is_empty_v<T> && !cereal_knows<T>);

template <CrossesAsBytes T>
void CEREAL_SAVE_FUNCTION_NAME(Encoder& out, const T& value) {
  out.save_binary(&value, sizeof value);
}
template <CrossesAsBytes T>
void CEREAL_LOAD_FUNCTION_NAME(Decoder& in, T& value) {
  in.load_binary(&value, sizeof value);
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Encoder& out, const cereal::NameValuePair<T>& pair) {
  out(pair.value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Decoder& in, cereal::NameValuePair<T>& pair) {
  in(pair.value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Encoder& out, const cereal::SizeTag<T>& tag) {
  out(static_cast<std::uint64_t>(tag.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Decoder& in, cereal::SizeTag<T>& tag) {
  std::uint64_t size = 0;
  in(size);
  tag.size = static_cast<std::remove_reference_t<T>>(size);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Encoder& out, const cereal::BinaryData<T>& data) {
  out.save_binary(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Decoder& in, cereal::BinaryData<T>& data) {
  in.load_binary(data.data, static_cast<std::size_t>(data.size));
}

/// Writes one part of a call. Function pointers, which cereal refuses, cross as their place in the code.
template <class T>
void write_part(Encoder& out, const T& part) {
  if constexpr (is_function_pointer<T>) {
    const CodeAddress address = locate_code(reinterpret_cast<const void*>(part));
    out.save_binary(&address, sizeof address);
  } else {
    out(part);
  }
}
template <class T>
void read_part(Decoder& in, T& part) {
  if constexpr (is_function_pointer<T>) {
    CodeAddress address;
    in.load_binary(&address, sizeof address);
    part = reinterpret_cast<T>(const_cast<void*>(resolve_code(address)));
  } else {
    in(part);
  }
}

}  // namespace overlap::detail

CEREAL_SETUP_ARCHIVE_TRAITS(overlap::detail::Decoder, overlap::detail::Encoder)
