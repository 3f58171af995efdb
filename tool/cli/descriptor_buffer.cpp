#include "cli/descriptor_buffer.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace overlap::cli {

DescriptorBuffer::DescriptorBuffer(int descriptor) : descriptor_(descriptor), block_(65536) {
  setp(block_.data(), block_.data() + block_.size());
}

DescriptorBuffer::~DescriptorBuffer() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int DescriptorBuffer::close() {
  write_out();
  if (descriptor_ >= 0 && ::close(std::exchange(descriptor_, -1)) != 0 && error_ == 0) error_ = errno;
  return error_;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type character) {
  if (!write_out()) return traits_type::eof();
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
  return sputc(traits_type::to_char_type(character));
}

int DescriptorBuffer::sync() { return write_out() ? 0 : -1; }

/// After a failure nothing more is written: what follows a gap is of no use.
bool DescriptorBuffer::write_out() {
  for (const char* from = pbase(); from < pptr() && error_ == 0;) {
    const ssize_t count = ::write(descriptor_, from, static_cast<std::size_t>(pptr() - from));
    if (count >= 0) {
      from += count;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  setp(block_.data(), block_.data() + block_.size());
  return error_ == 0;
}

}  // namespace overlap::cli
