#include "http/transfer.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <overlap/http/redirect.hpp>
#include <overlap/http/sink.hpp>

#include "http/address.hpp"
#include "http/failures.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kSkippedAtMost = 64 * 1024;       // of a redirect's body: more costs more than a new connection
constexpr std::uint64_t kReservedAtMost = 1024 * 1024;  // for what a server says that it will send

Duration microseconds(curl_off_t count) noexcept { return std::chrono::microseconds(count); }

const char* version_name(long version) noexcept {
  if (version == CURL_HTTP_VERSION_1_0) return "1.0";
  if (version == CURL_HTTP_VERSION_1_1) return "1.1";
  if (version == CURL_HTTP_VERSION_2_0) return "2";
  return version == CURL_HTTP_VERSION_3 ? "3" : "";
}

}  // namespace

// No exception may pass through libcurl: it is kept and thrown by finish().
template <class Step>
bool Transfer::guarded(Step step) noexcept {
  try {
    return step();
  } catch (...) {
    thrown_ = std::current_exception();
    return false;
  }
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size);
  const bool goes_on = transfer.guarded([&] { return transfer.take_header(line); });
  return goes_on ? size : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::span<const std::byte> piece(reinterpret_cast<const std::byte*>(data), size);
  const bool goes_on = transfer.guarded([&] { return transfer.take_body(piece); });
  return goes_on ? size : 0;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.options_.block_private && is_private(&address->addr)) {
    transfer.refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  const int socket = transfer.sockets_.open_socket(address->family, address->socktype, address->protocol);
  if (socket < 0) transfer.open_error_ = errno;
  transfer.opened_ = {socket, transfer.opened_[0]};
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

int Transfer::on_close(void* sockets, curl_socket_t socket) noexcept {
  static_cast<Sockets*>(sockets)->close_socket(socket);
  return 0;
}

bool Transfer::take_header(std::string_view line) {
  const auto complete = head_.take(line);
  if (!complete) return fail(ErrorClass::protocol, complete.error());
  return !*complete || head_complete();
}

bool Transfer::head_complete() {
  response_.status = head_.status();
  response_.headers = std::move(head_.headers());
  if (is_followed() || request_->method == "HEAD") return true;
  const auto encoding = response_.headers.get("Content-Encoding");
  if (options_.compressed && encoding) {
    if (response_.headers.count("Content-Encoding") > 1)
      return fail(ErrorClass::decode, "the body has several content encodings on top of each other");
    auto decoder = BodyDecoder::make(*encoding);
    if (!decoder) return fail(ErrorClass::decode, decoder.error());
    decoder_ = std::move(*decoder);
  }
  const std::uint64_t length = head_.content_length().value_or(0);
  const std::uint64_t limit = request_->limits.max_bytes;
  const bool bodiless = response_.status == 204 || response_.status == 304;
  if (limit != 0 && length > limit && !decoder_ && !bodiless)
    return fail(ErrorClass::too_large, fmt::format("the body has {} bytes, more than the {} allowed", length, limit));
  if (request_->sink == nullptr) response_.body.reserve(static_cast<std::size_t>(std::min(length, kReservedAtMost)));
  return true;
}

// Such a response is not the final one: nobody wants its body.
bool Transfer::is_followed() const noexcept { return hop_.follows_redirects && is_redirect(response_.status); }

bool Transfer::take_body(std::span<const std::byte> piece) {
  if (is_followed()) {
    skipped_ += piece.size();
    skipped_enough_ = skipped_ > kSkippedAtMost;
    return !skipped_enough_;
  }
  return decoder_ ? decode(piece) : deliver(piece);
}

bool Transfer::decode(std::span<const std::byte> piece) {
  decoder_->feed(piece);
  while (true) {
    const auto decoded = decoder_->next();
    if (!decoded) return fail(ErrorClass::decode, decoded.error());
    if (decoded->empty()) return true;
    if (!deliver(*decoded)) return false;
  }
}

bool Transfer::deliver(std::span<const std::byte> piece) {
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

bool Transfer::begin_sink() {
  if (sink_begun_) return true;
  sink_begun_ = true;
  read_connection();
  auto begun = request_->sink->begin(response_);
  return begun ? true : fail(std::move(begun.error()));
}

bool Transfer::fail(ErrorClass error_class, std::string_view why) {
  return fail(Failure{error_class, message_about(request_->url, why), false, response_.status});
}

bool Transfer::fail(Failure failure) {
  failure_ = std::move(failure);
  return false;
}

std::expected<Response, Failure> Transfer::finish(CURLcode code) {
  struct Forget {
    ~Forget() { transfer.abandon(); }
    Transfer& transfer;
  } const forget{*this};
  if (thrown_) std::rethrow_exception(thrown_);
  if (failure_) return std::unexpected(std::move(*failure_));
  if (auto whole = complete_body(code); !whole) return std::unexpected(std::move(whole.error()));
  read_connection();
  read_timings();
  return std::move(response_);
}

void Transfer::abandon() noexcept {
  if (hop_.addresses) {
    set_pointer(easy_.get(), CURLOPT_RESOLVE, nullptr);
    hop_.addresses.reset();
  }
  request_ = nullptr;
  decoder_.reset();
}

std::expected<void, Failure> Transfer::complete_body(CURLcode code) {
  if (code != CURLE_OK && !skipped_enough_) return std::unexpected(failure_of(code));
  if (!head_.complete()) {  // libcurl takes a head that is cut off for a whole one
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

Failure Transfer::failure_of(CURLcode code) {
  if (code == CURLE_COULDNT_CONNECT && refused_address_)
    return {ErrorClass::refused, message_about(request_->url, "its address is private, which is not allowed"), false,
            0};
  if (code == CURLE_COULDNT_CONNECT && open_error_ != 0) {
    const std::string why = fmt::format("no socket could be opened: {}", std::generic_category().message(open_error_));
    return {ErrorClass::connect, message_about(request_->url, why), true, 0};
  }
  return classify({.code = code,
                   .detail = error_text_.data(),
                   .url = request_->url,
                   .answered = head_.begun(),
                   .head_complete = head_.complete(),
                   .chunked = head_.chunked(),
                   .status = response_.status});
}

void Transfer::read_connection() {
  CURL* const easy = easy_.get();
  response_.http_version = version_name(get_number(easy, CURLINFO_HTTP_VERSION));
  const std::string_view address = get_text(easy, CURLINFO_PRIMARY_IP);
  const long port = get_number(easy, CURLINFO_PRIMARY_PORT);
  const bool v6 = address.find(':') != std::string_view::npos;
  response_.remote_address.clear();
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
  response_.remote_address.append(v6 ? "[" : "").append(address).append(v6 ? "]:" : ":");
  response_.remote_address.append(digits.data(), end);
}

void Transfer::read_timings() {
  CURL* const easy = easy_.get();
  response_.wire_bytes = static_cast<std::uint64_t>(get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T));
  // libcurl's clock starts when the lookup is over. A step that did not take place stays zero.
  const auto when = [&](CURLINFO step) {
    const Duration since = microseconds(get_offset(easy, step));
    return since == Duration::zero() ? since : since + hop_.lookup;
  };
  response_.timings = {.name_lookup = when(CURLINFO_NAMELOOKUP_TIME_T),
                       .connect = when(CURLINFO_CONNECT_TIME_T),
                       .tls = when(CURLINFO_APPCONNECT_TIME_T),
                       .first_byte = when(CURLINFO_STARTTRANSFER_TIME_T),
                       .total = when(CURLINFO_TOTAL_TIME_T),
                       .reused = get_number(easy, CURLINFO_NUM_CONNECTS) == 0};
}

}  // namespace overlap::http::detail
