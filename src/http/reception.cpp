#include "http/reception.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <overlap/http/redirect.hpp>
#include <overlap/http/sink.hpp>

#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kSkippedAtMost = 64 * 1024;       // of a redirect's body: more costs more than a new connection
constexpr std::uint64_t kReservedAtMost = 1024 * 1024;  // for what a server says that it will send

}  // namespace

void Reception::begin(const Request& request, Hop hop) {
  request_ = &request;
  hop_ = std::move(hop);
  head_.clear();
  response_ = Response{};
  response_.final_url = request.url;
  decoder_.reset();
  failure_.reset();
  thrown_ = nullptr;
  skipped_ = 0;
  skipped_enough_ = sink_begun_ = false;
}

void Reception::forget() noexcept {
  request_ = nullptr;
  hop_.addresses.reset();
  hop_.host_addresses.reset();
  decoder_.reset();
}

// No exception may pass through who reads from the network (libcurl is C): it is kept and thrown by conclude().
template <class Step>
bool Reception::guarded(Step step) noexcept {
  try {
    return step();
  } catch (...) {
    thrown_ = std::current_exception();
    return false;
  }
}

bool Reception::take_line(std::string_view line) noexcept {
  return guarded([&] { return take_header(line); });
}

bool Reception::take_body(std::span<const std::byte> piece) noexcept {
  return guarded([&] { return take_piece(piece); });
}

bool Reception::take_header(std::string_view line) {
  const auto complete = head_.take(line);
  if (!complete) return fail(ErrorClass::protocol, complete.error());
  return !*complete || head_complete();
}

bool Reception::has_body() const noexcept {
  return request_->method != "HEAD" && response_.status != 204 && response_.status != 304;
}

bool Reception::head_complete() {
  response_.status = head_.status();
  response_.headers = std::move(head_.headers());
  if (is_followed() || request_->method == "HEAD") return true;
  const auto encoding = response_.headers.get("Content-Encoding");
  if (decodes_ && encoding) {
    if (response_.headers.count("Content-Encoding") > 1)
      return fail(ErrorClass::decode, "the body has several content encodings on top of each other");
    auto decoder = BodyDecoder::make(*encoding);
    if (!decoder) return fail(ErrorClass::decode, decoder.error());
    decoder_ = std::move(*decoder);
  }
  const std::uint64_t length = head_.content_length().value_or(0);
  const std::uint64_t limit = request_->limits.max_bytes;
  if (limit != 0 && length > limit && !decoder_ && has_body())
    return fail(ErrorClass::too_large, fmt::format("the body has {} bytes, more than the {} allowed", length, limit));
  if (request_->sink == nullptr) response_.body.reserve(static_cast<std::size_t>(std::min(length, kReservedAtMost)));
  return true;
}

// Such a response is not the final one: nobody wants its body.
bool Reception::is_followed() const noexcept { return hop_.follows_redirects && is_redirect(response_.status); }

bool Reception::take_piece(std::span<const std::byte> piece) {
  if (is_followed()) {
    skipped_ += piece.size();
    skipped_enough_ = skipped_ > kSkippedAtMost;
    return !skipped_enough_;
  }
  return decoder_ ? decode(piece) : deliver(piece);
}

bool Reception::decode(std::span<const std::byte> piece) {
  decoder_->feed(piece);
  while (true) {
    const auto decoded = decoder_->next();
    if (!decoded) return fail(ErrorClass::decode, decoded.error());
    if (decoded->empty()) return true;
    if (!deliver(*decoded)) return false;
  }
}

bool Reception::deliver(std::span<const std::byte> piece) {
  response_.body_bytes += piece.size();
  const std::uint64_t limit = request_->limits.max_bytes;
  if (limit != 0 && response_.body_bytes > limit)
    return fail(ErrorClass::too_large, fmt::format("the body has more than the {} bytes allowed", limit));
  if (request_->sink == nullptr) {
    response_.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return true;
  }
  if (!begin_sink()) return false;
  auto written = request_->sink->write(piece);
  return written ? true : fail(std::move(written.error()));
}

bool Reception::begin_sink() {
  if (sink_begun_) return true;
  sink_begun_ = true;
  describe_connection(response_);
  auto begun = request_->sink->begin(response_);
  return begun ? true : fail(std::move(begun.error()));
}

bool Reception::fail(ErrorClass error_class, std::string_view why) { return fail(failure(error_class, why, false)); }

bool Reception::fail(Failure failure) {
  failure_ = std::move(failure);
  return false;
}

Failure Reception::failure(ErrorClass error_class, std::string_view why, bool may_retry) const {
  return {error_class, message_about(request_->url, why), may_retry, response_.status};
}

std::expected<Response, Failure> Reception::conclude(std::expected<void, Failure> ending) {
  struct Forget {
    ~Forget() { reception.forget(); }
    Reception& reception;
  } const forget{*this};
  if (thrown_) std::rethrow_exception(thrown_);
  if (failure_) return std::unexpected(std::move(*failure_));
  if (!ending && !skipped_enough_) return std::unexpected(std::move(ending.error()));
  if (auto whole = complete_body(); !whole) return std::unexpected(std::move(whole.error()));
  describe_connection(response_);
  return std::move(response_);
}

std::expected<void, Failure> Reception::complete_body() {
  if (!head_.complete()) {
    const char* const why = head_.begun() ? "the connection ended within the head of the response" : "no response came";
    return std::unexpected(Failure{ErrorClass::truncated, message_about(request_->url, why), true, head_.status()});
  }
  if (is_followed()) return {};
  if (decoder_) {
    const auto last = decoder_->finish();
    const bool good = last ? last->empty() || deliver(*last) : fail(ErrorClass::decode, last.error());
    if (!good) return std::unexpected(std::move(*failure_));
  }
  if (request_->sink == nullptr) return {};
  if (!begin_sink()) return std::unexpected(std::move(*failure_));
  return request_->sink->end();
}

}  // namespace overlap::http::detail
