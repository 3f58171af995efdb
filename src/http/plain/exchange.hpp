#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <overlap/core/time.hpp>
#include <overlap/http/session_options.hpp>

#include "http/plain/body_framing.hpp"
#include "http/plain/socket_address.hpp"
#include "http/plain/target.hpp"
#include "http/reception.hpp"

namespace overlap::http::detail {

/// One request and its response over plain HTTP/1.1: what is to be sent, what has come, and until when. Knows nothing
/// of sockets: PlainDriver, whose members it holds for it, reads and writes them.
class Exchange final : public Reception {
 public:
  /// `options` must outlive it.
  explicit Exchange(const SessionOptions& options) : Reception(options.compressed), options_(options) {}

  /// `request` has been checked, is one that a PlainDriver serves, and must stay until finish().
  void prepare(const Request& request, Hop hop);
  /// What came of it. Throws what the Sink threw.
  std::expected<Response, Failure> finish();
  /// Forgets the request: for one that is taken out before its end.
  void abandon() noexcept { forget(); }

  const PlainTarget& target() const noexcept { return target_; }
  using Reception::hop;
  using Reception::request;

  /// How far the response is after what was read.
  enum class Progress : std::uint8_t { more, complete, failed };
  Progress take(std::span<const std::byte> input);
  /// The same at the end of the connection, in good order (0) or broken by that errno.
  Progress connection_ended(int error);
  /// Of a complete response: whether the connection may carry another request.
  bool keeps_connection() const noexcept { return keeps_connection_; }

 private:
  friend class PlainDriver;

  Progress fail(ErrorClass error_class, std::string_view why, bool may_retry);
  bool take_head(std::span<const std::byte>& input);
  bool take_head_line(std::string_view line);
  bool begin_body();
  void start_again();

  void describe_connection(Response& response) override;
  /// Whether the request may be sent a second time when the connection ends before any answer.
  bool is_idempotent() const noexcept;
  TimePoint next_check(TimePoint now) const noexcept;
  /// Fails it if one of its limits in time is over.
  bool is_out_of_time(TimePoint now);
  bool is_too_slow(TimePoint now);

  const SessionOptions& options_;
  PlainTarget target_;  // within the request's URL
  std::string text_;    // of the request
  std::size_t sent_ = 0;
  std::string line_;  // of the head, if it came in pieces
  BodyFraming framing_;
  std::expected<void, Failure> ending_;
  bool keeps_connection_ = false;
  bool is_http_1_0_ = false;
  std::uint64_t received_ = 0;  // bytes of the connection
  std::uint64_t body_received_ = 0;

  // Of the driver.
  void* owner_ = nullptr;  // who started it
  std::size_t index_ = 0;  // among those under way
  int socket_ = -1;        // connected
  bool is_reused_ = false;
  bool was_sent_again_ = false;
  std::vector<SocketAddress> addresses_;  // not tried yet, the next one last
  std::vector<int> attempts_;             // sockets that are connecting
  int connect_error_ = 0;                 // of the last attempt
  bool refused_address_ = false;
  std::string remote_;
  TimePoint began_;
  TimePoint connect_by_;
  TimePoint done_by_;
  TimePoint next_attempt_;
  bool is_paused_ = false;  // not to be read: the bandwidth is used up
  TimePoint slow_since_;
  TimePoint second_began_;
  std::uint64_t second_received_ = 0;
  Timings timings_;
};

}  // namespace overlap::http::detail
