#include "http/body_decoder.hpp"

#include <array>

#include <boost/beast/zlib/inflate_stream.hpp>

#include <overlap/http/headers.hpp>

namespace overlap::http::detail {

struct BodyDecoder::Inflate {
  boost::beast::zlib::inflate_stream stream;
  std::array<std::byte, 32 * 1024> output;
};

std::expected<std::unique_ptr<BodyDecoder>, std::string> BodyDecoder::make(std::string_view content_encoding) {
  if (content_encoding.empty() || same_name(content_encoding, "identity")) return nullptr;
  if (content_encoding.find(',') != std::string_view::npos)
    return std::unexpected("the body has several content encodings on top of each other");
  if (same_name(content_encoding, "gzip") || same_name(content_encoding, "x-gzip"))
    return std::unique_ptr<BodyDecoder>(new BodyDecoder(true));
  if (same_name(content_encoding, "deflate")) return std::unique_ptr<BodyDecoder>(new BodyDecoder(false));
  return std::unexpected("the body has a content encoding that was not asked for: " + std::string(content_encoding));
}

BodyDecoder::BodyDecoder(bool gzip) : gzip_(gzip), inflate_(std::make_unique<Inflate>()) {}

BodyDecoder::~BodyDecoder() = default;

void BodyDecoder::feed(std::span<const std::byte> encoded) { input_ = encoded; }

// Servers send two things as "deflate": a zlib stream, which is what RFC 9110 says, and a bare one. The first has 8 in
// the low half of its first byte; the second cannot, as its first block would be a stored one with padding that is
// not zero.
std::expected<void, std::string> BodyDecoder::begin_member() {
  if (!gzip_ && members_ != 0) return std::unexpected("there is more after the compressed body");
  const bool zlib = (std::to_integer<unsigned>(input_.front()) & 0x0FU) == 8;
  frame_.begin(gzip_ ? Frame::Format::gzip : zlib ? Frame::Format::zlib : Frame::Format::none);
  inflate_->stream.reset();
  ++members_;
  part_ = Part::head;
  return {};
}

// How many bytes it has put into the output.
std::expected<std::size_t, std::string> BodyDecoder::inflate() {
  namespace zlib = boost::beast::zlib;
  zlib::z_params step;
  step.next_in = input_.data();
  step.avail_in = input_.size();
  step.next_out = inflate_->output.data();
  step.avail_out = inflate_->output.size();
  boost::system::error_code error;
  inflate_->stream.write(step, zlib::Flush::none, error);
  if (error && error != zlib::error::end_of_stream && error != zlib::error::need_buffers)
    return std::unexpected("the compressed body is broken: " + error.message());
  std::size_t left = step.avail_in;
  if (error == zlib::error::end_of_stream) {
    part_ = Part::check;
    // Beast reads as many bits as the longest code may have before it looks at one: at the end of a stream it may have
    // taken a byte too many, which it then still holds.
    const auto held_bits = static_cast<unsigned>(step.data_type) % 64;
    left += held_bits / 8;
  }
  input_ = input_.last(left);
  const std::size_t made = inflate_->output.size() - step.avail_out;
  frame_.add(std::span(inflate_->output).first(made));
  return made;
}

std::expected<std::span<const std::byte>, std::string> BodyDecoder::finish() {
  // Only a bare stream can end without bytes behind it, for the same reason.
  static constexpr std::array<std::byte, 1> kPadding{};
  if (part_ == Part::stream && frame_.format() == Frame::Format::none) {
    input_ = kPadding;
    const auto made = inflate();
    if (!made) return std::unexpected(made.error());
    if (part_ == Part::check && input_.size() == kPadding.size()) {
      part_ = Part::between;
      input_ = {};
      return std::span<const std::byte>(inflate_->output).first(*made);
    }
  }
  if (part_ != Part::between) return std::unexpected("the compressed body ends too early");
  return std::span<const std::byte>{};
}

std::expected<std::span<const std::byte>, std::string> BodyDecoder::next() {
  const auto broken = [](const std::string& why) { return std::unexpected("the compressed body is broken: " + why); };
  while (true) {
    if (part_ == Part::between) {
      if (input_.empty()) return std::span<const std::byte>{};
      if (auto begun = begin_member(); !begun) return std::unexpected(std::move(begun.error()));
    }
    if (part_ == Part::head) {
      const auto complete = frame_.read_head(input_);
      if (!complete) return broken(complete.error());
      if (!*complete) return std::span<const std::byte>{};
      part_ = Part::stream;
    }
    if (part_ == Part::stream) {
      const auto made = inflate();
      if (!made) return std::unexpected(made.error());
      if (*made != 0) return std::span<const std::byte>(inflate_->output).first(*made);
      if (part_ == Part::stream && input_.empty()) return std::span<const std::byte>{};
    }
    if (part_ == Part::check) {
      const auto complete = frame_.read_check(input_);
      if (!complete) return broken(complete.error());
      if (!*complete) return std::span<const std::byte>{};
      part_ = Part::between;
    }
  }
}

}  // namespace overlap::http::detail
