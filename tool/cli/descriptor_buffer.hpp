#pragma once

#include <streambuf>
#include <vector>

namespace overlap::cli {

/// Writes a stream to a file descriptor, which it owns. Unlike std::filebuf it takes a descriptor that is open already,
/// and keeps why it could not write.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor);
  ~DescriptorBuffer() override;  ///< closes; what is still in the buffer is dropped
  DescriptorBuffer(const DescriptorBuffer&) = delete;
  DescriptorBuffer& operator=(const DescriptorBuffer&) = delete;

  int descriptor() const { return descriptor_; }

  /// Writes what is left and closes. 0, or the errno of the first failure there was.
  int close();

 protected:
  int_type overflow(int_type character) override;
  int sync() override;

 private:
  bool write_out();

  int descriptor_;
  int error_ = 0;
  std::vector<char> block_;
};

}  // namespace overlap::cli
