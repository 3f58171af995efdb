#pragma once

#include <cstddef>
#include <expected>
#include <span>

#include <overlap/http/error.hpp>
#include <overlap/http/response.hpp>

namespace overlap::http {

/// Where the body of a response goes, as it comes. Called on the loop's thread, which waits meanwhile.
///
/// A Failure that a Sink returns ends the transfer and is the result of the fetch, as it is; what it throws is thrown
/// by the fetch. After a failure of whatever kind, or a cancel, no further call is made, end() least of all.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink();

  /// Once, with the head of the final response (all but the body, its counts and the timings), before its first byte.
  virtual std::expected<void, Failure> begin(const Response& head) = 0;
  /// The next piece of the decoded body.
  virtual std::expected<void, Failure> write(std::span<const std::byte> piece) = 0;
  /// The body is whole: its length and encoding were right.
  virtual std::expected<void, Failure> end();
};

}  // namespace overlap::http
