#include "http/plain/exchange.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "http/plain/request_text.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kLongestLine = 100 * 1024;  // of the head, as libcurl has it
constexpr auto kSecond = std::chrono::seconds(1);

/// Whether a comma-separated list has that word, in whatever case.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    if (same_name(one, word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Where an error without a text of its own is "timed out after 10s".
std::string in_seconds(Duration duration) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

void Exchange::prepare(const Request& request, Hop hop) {
  begin(request, std::move(hop));
  target_ = *plain_target(request.url);
  write_request(text_, request, target_, options_);
  ending_ = {};
  was_sent_again_ = refused_address_ = false;
  connect_error_ = 0;
  addresses_.clear();
  timings_ = {};
  start_again();
}

void Exchange::start_again() {
  sent_ = 0;
  line_.clear();
  keeps_connection_ = is_http_1_0_ = false;
  received_ = body_received_ = second_received_ = 0;
}

std::expected<Response, Failure> Exchange::finish() {
  auto result = conclude(std::move(ending_));
  ending_ = {};
  if (result) {
    result->wire_bytes = body_received_;
    // Counted from the begin of the lookup.
    const Duration lookup = hop().lookup;
    for (Duration* const step : {&timings_.connect, &timings_.first_byte, &timings_.total}) {
      if (*step != Duration::zero()) *step += lookup;
    }
    timings_.name_lookup = lookup;
    result->timings = timings_;
  }
  return result;
}

void Exchange::describe_connection(Response& response) {
  response.http_version = is_http_1_0_ ? "1.0" : "1.1";
  response.remote_address = remote_;
}

Exchange::Progress Exchange::fail(ErrorClass error_class, std::string_view why, bool may_retry) {
  ending_ = std::unexpected(failure(error_class, why, may_retry));
  return Progress::failed;
}

Exchange::Progress Exchange::take(std::span<const std::byte> input) {
  received_ += input.size();
  second_received_ += input.size();
  if (!head().complete()) {
    if (!take_head(input)) return Progress::failed;
    if (!head().complete()) return Progress::more;
    if (!begin_body()) return Progress::failed;
  }
  while (!input.empty() && !framing_.is_complete()) {
    const auto piece = framing_.next(input);
    if (!piece) return fail(ErrorClass::protocol, piece.error(), false);
    if (piece->empty()) continue;
    body_received_ += piece->size();
    if (!take_body(*piece)) return Progress::failed;
  }
  if (!framing_.is_complete()) return Progress::more;
  // More than was asked for: whatever it is, it must not pass for the answer to the next request.
  if (!input.empty()) keeps_connection_ = false;
  return Progress::complete;
}

/// Up to the end of the head, or of the input. False if the exchange has failed.
bool Exchange::take_head(std::span<const std::byte>& input) {
  while (!input.empty() && !head().complete()) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    const std::size_t end = text.find('\n');
    const bool is_whole = end != std::string_view::npos;
    const std::string_view piece = text.substr(0, is_whole ? end + 1 : text.size());
    input = input.subspan(piece.size());
    if (line_.size() + piece.size() > kLongestLine) {
      fail(ErrorClass::protocol, "the head of the response is too long", false);
      return false;
    }
    if (line_.empty() && is_whole) {
      if (!take_head_line(piece)) return false;
      continue;
    }
    line_.append(piece);
    if (!is_whole) return true;
    const bool goes_on = take_head_line(line_);
    line_.clear();
    if (!goes_on) return false;
  }
  return true;
}

bool Exchange::take_head_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    is_http_1_0_ = line.starts_with("HTTP/1.0 ");
    if (!is_http_1_0_ && !line.starts_with("HTTP/1.1 ")) {
      fail(ErrorClass::protocol, "the response is of an unknown version of HTTP", false);
      return false;
    }
  }
  return take_line(line);
}

bool Exchange::begin_body() {
  const Headers& headers = response().headers;
  const auto connection = headers.get("Connection");
  keeps_connection_ = is_http_1_0_ ? connection && has_word(*connection, "keep-alive")
                                   : !(connection && has_word(*connection, "close"));
  const auto begun = framing_.begin(head(), headers.get("Transfer-Encoding").value_or(""), has_body());
  if (!begun) fail(ErrorClass::protocol, begun.error(), false);
  if (framing_.ends_with_connection()) keeps_connection_ = false;
  return begun.has_value();
}

Exchange::Progress Exchange::connection_ended(int error) {
  const std::string how = error == 0 ? "was closed" : "broke: " + std::generic_category().message(error);
  if (received_ == 0) return fail(ErrorClass::connect, "the connection " + how + " before any answer", true);
  if (!head().complete())
    return fail(ErrorClass::truncated, "the connection " + how + " within the head of the response", true);
  if (error == 0 && framing_.ends_with_connection()) return Progress::complete;
  // Of a chunked body there is no saying whether it was cut or never finished.
  const ErrorClass error_class = framing_.is_chunked() ? ErrorClass::protocol : ErrorClass::truncated;
  return fail(error_class, fmt::format("the connection {} after {} bytes of the body", how, body_received_), true);
}

// RFC 9110, 9.2.2
bool Exchange::is_idempotent() const noexcept {
  const std::string& method = request().method;
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

// ---- Limits in time

TimePoint Exchange::next_check(TimePoint now) const noexcept {
  TimePoint next = done_by_;
  if (socket_ < 0) {
    next = std::min({next, connect_by_, addresses_.empty() ? TimePoint::max() : next_attempt_});
  } else if (request().limits.low_speed_bytes != 0) {
    next = std::min(next, now + kSecond);
  }
  return next;
}

bool Exchange::is_out_of_time(TimePoint now) {
  if (now >= done_by_) {
    const auto whole = in_seconds(hop().time_left);
    fail(ErrorClass::timeout, fmt::format("not done after {}, with {} bytes of the body", whole, body_received_), true);
    return true;
  }
  if (socket_ < 0 && now >= connect_by_) {
    fail(ErrorClass::timeout, "no connection after " + in_seconds(request().limits.connect_timeout), true);
    return true;
  }
  return socket_ >= 0 && request().limits.low_speed_bytes != 0 && is_too_slow(now);
}

/// Looks at every second by itself: one that is fast enough starts the count anew.
bool Exchange::is_too_slow(TimePoint now) {
  const Limits& limits = request().limits;
  if (now - second_began_ < kSecond) return false;
  const double seconds = std::chrono::duration<double>(now - second_began_).count();
  const bool is_slow = static_cast<double>(second_received_) < static_cast<double>(limits.low_speed_bytes) * seconds;
  if (!is_slow) slow_since_ = now;
  second_began_ = now;
  second_received_ = 0;
  const Duration patience = std::max<Duration>(std::chrono::ceil<std::chrono::seconds>(limits.low_speed_time), kSecond);
  if (!is_slow || now - slow_since_ < patience) return false;
  fail(ErrorClass::timeout,
       fmt::format("slower than {} bytes a second for {}", limits.low_speed_bytes, in_seconds(patience)), true);
  return true;
}

}  // namespace overlap::http::detail
