#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <overlap/http/headers.hpp>

namespace overlap::http::detail {

/// The head of a response, line by line as it comes. Interim responses (1xx) are read over; what follows the final
/// head's empty line (trailers) is ignored.
///
/// Stricter than libcurl where a lenient reading has been used to smuggle responses or to misname the length of a body.
class Head {
 public:
  void clear();

  /// The next line, with its line end. True when it completes the final head; fails with what is wrong with it.
  std::expected<bool, std::string> take(std::string_view line);

  bool begun() const noexcept { return begun_; }
  bool complete() const noexcept { return complete_; }
  int status() const noexcept { return status_; }
  Headers& headers() noexcept { return headers_; }
  /// Of a complete head: the length of the body, if it was given.
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  bool chunked() const noexcept { return chunked_; }

 private:
  std::expected<bool, std::string> take_status_line(std::string_view line);
  std::expected<bool, std::string> take_field(std::string_view line);
  std::expected<bool, std::string> finish();

  Headers headers_;
  std::optional<std::uint64_t> content_length_;
  std::size_t size_ = 0;
  int status_ = 0;
  bool begun_ = false;
  bool in_head_ = false;
  bool complete_ = false;
  bool chunked_ = false;
};

}  // namespace overlap::http::detail
