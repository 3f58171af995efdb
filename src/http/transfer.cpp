#include "http/transfer.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "http/address.hpp"
#include "http/bandwidth_limit.hpp"
#include "http/failures.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

Duration microseconds(curl_off_t count) noexcept { return std::chrono::microseconds(count); }

const char* version_name(long version) noexcept {
  if (version == CURL_HTTP_VERSION_1_0) return "1.0";
  if (version == CURL_HTTP_VERSION_1_1) return "1.1";
  if (version == CURL_HTTP_VERSION_2_0) return "2";
  return version == CURL_HTTP_VERSION_3 ? "3" : "";
}

}  // namespace

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
  return static_cast<Transfer*>(self)->take_line({data, size}) ? size : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  const std::span<const std::byte> piece(reinterpret_cast<const std::byte*>(data), size);
  auto& transfer = *static_cast<Transfer*>(self);
  Bandwidth* const bandwidth = bandwidth_limit();
  if (bandwidth != nullptr) {
    const TimePoint due = bandwidth->take(0);
    if (due > Clock::now()) {  // libcurl keeps the piece, and reads nothing until it is told to go on
      transfer.sockets_.paused(transfer.handle(), due);
      return CURL_WRITEFUNC_PAUSE;
    }
    bandwidth->take(size);
  }
  return transfer.take_body(piece) ? size : 0;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.options_.block_private && is_private(&address->addr)) {
    transfer.refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  // Names are looked up as they should be; but what libcurl alone takes for an address comes here as it is.
  if (!is_of_family(&address->addr, family_of(transfer.options_.ip_version))) return CURL_SOCKET_BAD;
  const int socket = transfer.sockets_.open_socket(address->family, address->socktype, address->protocol);
  if (socket < 0) transfer.open_error_ = errno;
  transfer.opened_ = {socket, transfer.opened_[0]};
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

int Transfer::on_close(void* sockets, curl_socket_t socket) noexcept {
  static_cast<Sockets*>(sockets)->close_socket(socket);
  return 0;
}

std::expected<Response, Failure> Transfer::finish(CURLcode code) {
  struct Abandon {
    ~Abandon() { transfer.abandon(); }
    Transfer& transfer;
  } const abandon{*this};
  // libcurl takes a head that is cut off for a whole one: conclude() does not.
  std::expected<void, Failure> ending;
  if (code != CURLE_OK && !skipped_enough() && !has_failed()) ending = std::unexpected(failure_of(code));
  auto result = conclude(std::move(ending));
  if (result) read_timings(*result);
  return result;
}

void Transfer::abandon() noexcept {
  if (hop().addresses) set_pointer(easy_.get(), CURLOPT_RESOLVE, nullptr);
  forget();
}

Failure Transfer::failure_of(CURLcode code) {
  if (code == CURLE_COULDNT_CONNECT && refused_address_)
    return {ErrorClass::refused, message_about(request().url, "its address is private, which is not allowed"), false,
            0};
  const int family = family_of(options_.ip_version);
  const bool was_none_tried = opened_[0] < 0 && open_error_ == 0 && hop().proxy == nullptr;
  if (code == CURLE_COULDNT_CONNECT && was_none_tried && family != AF_UNSPEC)
    return {ErrorClass::dns, message_about(request().url, no_address_text(family)), false, 0};
  if (code == CURLE_COULDNT_CONNECT && open_error_ != 0) {
    const std::string why = fmt::format("no socket could be opened: {}", std::generic_category().message(open_error_));
    return {ErrorClass::connect, message_about(request().url, why), true, 0, is_exhaustion(open_error_)};
  }
  const auto connect_error = static_cast<int>(get_number(easy_.get(), CURLINFO_OS_ERRNO));
  if (code == CURLE_COULDNT_CONNECT && is_exhaustion(connect_error)) {
    const std::string why =
        fmt::format("no connection could be begun: {}", std::generic_category().message(connect_error));
    return {ErrorClass::connect, message_about(request().url, why), true, 0, true};
  }
  if (is_of_proxy(code)) return proxy_failure(code);
  return classify({.code = code,
                   .detail = error_text_.data(),
                   .url = request().url,
                   .answered = head().begun(),
                   .head_complete = head().complete(),
                   .chunked = head().chunked(),
                   .status = response().status});
}

/// Whether it is the way to the proxy, or through it, that failed.
bool Transfer::is_of_proxy(CURLcode code) {
  if (hop().proxy == nullptr || head().begun()) return false;
  if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_CONNECT || code == CURLE_PROXY) return true;
  CURL* const easy = easy_.get();
  if (opened_[0] < 0) return false;  // on a connection by which another request had come through
  // A tunnel that was not granted. What fails in one that was, or behind a SOCKS proxy, is the server's.
  if (is_https(request().url)) return !hop().proxy->is_socks && get_number(easy, CURLINFO_HTTP_CONNECTCODE) / 100 != 2;
  // The only handshake that there can be is the proxy's.
  if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION) return true;
  return code == CURLE_OPERATION_TIMEDOUT && get_offset(easy, CURLINFO_CONNECT_TIME_T) == 0;
}

/// It says nothing of the request, which may well succeed when there is another proxy or this one is mended.
Failure Transfer::proxy_failure(CURLcode code) {
  const std::string proxy = hop().proxy->name();
  const auto status = static_cast<int>(get_number(easy_.get(), CURLINFO_HTTP_CONNECTCODE));
  if (status == 407) {
    const std::string why = fmt::format("{} wants a user and password (HTTP status 407)", proxy);
    return {ErrorClass::connect, message_about(request().url, why), false, status};
  }
  std::string_view reason = error_text_.data();
  if (reason.empty() || reason.starts_with("Unsupported proxy")) reason = curl_easy_strerror(code);  // quotes its URL
  Failure failure = classify({.code = code, .detail = reason, .url = request().url});
  const bool is_kept = failure.error_class == ErrorClass::timeout || failure.error_class == ErrorClass::tls;
  if (!is_kept) failure.error_class = ErrorClass::connect;
  failure.message = message_about(request().url, fmt::format("{}: {}", proxy, reason));
  failure.may_retry = true;
  return failure;
}

void Transfer::describe_connection(Response& response) {
  CURL* const easy = easy_.get();
  response.http_version = version_name(get_number(easy, CURLINFO_HTTP_VERSION));
  const std::string_view address = get_text(easy, CURLINFO_PRIMARY_IP);
  const long port = get_number(easy, CURLINFO_PRIMARY_PORT);
  const bool v6 = address.find(':') != std::string_view::npos;
  response.remote_address.clear();
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), port).ptr;
  response.remote_address.append(v6 ? "[" : "").append(address).append(v6 ? "]:" : ":");
  response.remote_address.append(digits.data(), end);
  response.proxy = hop().proxy != nullptr ? hop().proxy->name() : "";
}

void Transfer::read_timings(Response& response) {
  CURL* const easy = easy_.get();
  response.wire_bytes = static_cast<std::uint64_t>(get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T));
  // libcurl's clock starts when the lookup is over. A step that did not take place stays zero.
  const auto when = [&](CURLINFO step) {
    const Duration since = microseconds(get_offset(easy, step));
    return since == Duration::zero() ? since : since + hop().lookup;
  };
  response.timings = {.name_lookup = when(CURLINFO_NAMELOOKUP_TIME_T),
                      .connect = when(CURLINFO_CONNECT_TIME_T),
                      .tls = when(CURLINFO_APPCONNECT_TIME_T),
                      .first_byte = when(CURLINFO_STARTTRANSFER_TIME_T),
                      .total = when(CURLINFO_TOTAL_TIME_T),
                      .reused = get_number(easy, CURLINFO_NUM_CONNECTS) == 0};
}

}  // namespace overlap::http::detail
