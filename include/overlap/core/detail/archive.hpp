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
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <overlap/core/detail/code_address.hpp>
#include <overlap/core/detail/shared_file.hpp>
#include <overlap/core/errors.hpp>

namespace overlap::detail {

/// A stretch of a message that is not among its bytes but in a file of shared memory, one behind the other.
struct Segment {
  std::uint64_t at;  ///< its place in the whole message
  std::uint64_t size;
};

/// What an Encoder wrote.
struct Message {
  std::string bytes;
  std::vector<Segment> segments;        ///< in ascending order
  SharedFilePtr large;                  ///< what the segments are taken out of; null without any
  std::vector<SharedFilePtr> attached;  ///< memory that crosses as it is
};

/// The same, as it was received or is to be read; refers to memory of somebody else's.
struct MessageView {
  MessageView(std::string_view all) noexcept : bytes(all) {}
  MessageView(const Message& message) noexcept
      : bytes(message.bytes), segments(message.segments), large(message.large.get()), attached(message.attached) {}
  MessageView(std::string_view text, std::span<const Segment> parts, const SharedFile* file,
              std::span<const SharedFilePtr> files) noexcept
      : bytes(text), segments(parts), large(file), attached(files) {}

  std::string_view bytes;
  std::span<const Segment> segments;
  const SharedFile* large = nullptr;
  std::span<const SharedFilePtr> attached;
};

class Encoder : public cereal::OutputArchive<Encoder, cereal::AllowEmptyClassElision> {
 public:
  enum class Large : std::uint8_t {
    inside,  ///< among the other bytes
    shared,  ///< in a file of shared memory, if one is to be had
  };
  /// From this size on what is written at a stroke, such as a vector of numbers, is worth a file. (Measured: below, to
  /// make and hand over the file costs more than to copy twice more.)
  static constexpr std::size_t kLarge = std::size_t{256} << 10;
  /// Files that cross with one message, at most: what one message on a socket can carry is 253 (SCM_MAX_FD).
  static constexpr std::size_t kMostAttached = 200;

  explicit Encoder(Large large = Large::inside) : OutputArchive(this), large_(large) {}
  void save_binary(const void* data, std::size_t size) {
    if (size >= kLarge && large_ == Large::shared && put_aside(data, size)) return;
    message_.bytes.append(static_cast<const char*>(data), size);
  }
  /// Lets a file cross with the message; gives its number there. Throws NotShippable beyond kMostAttached.
  std::uint32_t attach(SharedFilePtr file);

  /// How much was written.
  struct Mark {
    std::size_t bytes;
    std::size_t segments;
    std::size_t attached;
    std::uint64_t large;
  };
  Mark mark() const noexcept {
    return {message_.bytes.size(), message_.segments.size(), message_.attached.size(),
            message_.large ? message_.large->size() : 0};
  }
  /// Drops what was written since.
  void go_back(const Mark& mark) noexcept;

  std::string& bytes() noexcept { return message_.bytes; }
  Message& message() noexcept { return message_; }

 private:
  bool put_aside(const void* data, std::size_t size);

  Message message_;
  Large large_;
};

/// Reads what an Encoder wrote; throws NotShippable at the end of the message, never reads past it.
class Decoder : public cereal::InputArchive<Decoder, cereal::AllowEmptyClassElision> {
 public:
  explicit Decoder(MessageView message) : InputArchive(this), rest_(message), left_(message.bytes.size()) {
    for (const Segment& segment : rest_.segments) left_ += segment.size;
  }
  explicit Decoder(std::string_view bytes) : Decoder(MessageView(bytes)) {}
  void load_binary(void* data, std::size_t size) {
    if (!rest_.segments.empty()) return load_with_segments(static_cast<char*>(data), size);
    load_inside(data, size);
  }
  /// A file that came along. Throws NotShippable when there is none of that number.
  const SharedFilePtr& attachment(std::uint32_t index) const;

  /// Bytes that were not read yet.
  std::uint64_t left() const noexcept { return left_; }
  /// Throws NotShippable for more elements than there are bytes left, before anybody makes room for them. Only objects
  /// of an empty class take no byte: of those a million may be together.
  void check_elements(std::uint64_t count) const {
    if (count > left_ && count > 1'000'000) too_short();
  }

 private:
  [[noreturn]] static void too_short();
  void load_inside(void* data, std::size_t size) {
    if (size > rest_.bytes.size()) too_short();
    if (size != 0) std::memcpy(data, rest_.bytes.data(), size);
    rest_.bytes.remove_prefix(size);
    at_ += size;
    left_ -= size;
  }
  void load_with_segments(char* data, std::size_t size);

  MessageView rest_;
  std::uint64_t left_;
  std::uint64_t at_ = 0;          // in the whole message
  std::uint64_t in_segment_ = 0;  // bytes read of the first segment that is left
  std::uint64_t in_file_ = 0;     // and of the file
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
  if constexpr (std::is_same_v<T, bool>) {
    unsigned char byte = 0;
    in.load_binary(&byte, sizeof byte);
    if (byte > 1) throw NotShippable("a message between processes has something else in the place of a bool");
    value = byte == 1;
  } else {
    in.load_binary(&value, sizeof value);
  }
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
  in.check_elements(size);
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

/// Elements of a vector that go at one stroke, and so through shared memory if they are many.
template <class T>
concept CrossesInBulk = CrossesAsBytes<T> && !std::is_same_v<T, bool>;

/// Says that this memory, which nobody has touched yet, is about to be filled: to get it from the kernel page by page
/// costs more than what is written there.
void will_be_filled(void* memory, std::size_t size) noexcept;

template <CrossesInBulk T, class Allocator>
void CEREAL_SAVE_FUNCTION_NAME(Encoder& out, const std::vector<T, Allocator>& vector) {
  out(static_cast<std::uint64_t>(vector.size()));
  out.save_binary(vector.data(), vector.size() * sizeof(T));
}
template <CrossesInBulk T, class Allocator>
void CEREAL_LOAD_FUNCTION_NAME(Decoder& in, std::vector<T, Allocator>& vector) {
  std::uint64_t size = 0;
  in(size);
  in.check_elements(size);
  vector.clear();
  vector.reserve(size);
  will_be_filled(vector.data(), size * sizeof(T));
  vector.resize(size);
  in.load_binary(vector.data(), size * sizeof(T));
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
