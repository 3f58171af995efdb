#include "http/plain/request_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "http/body_decoder.hpp"

namespace overlap::http::detail {
namespace {

// RFC 4648, 4
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

void add_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
}

/// One of the session's own, if the request has none of that name.
void add_own(std::string& text, const Request& request, std::string_view name, std::string_view value) {
  if (!value.empty() && !request.headers.contains(name)) add_field(text, name, value);
}

std::string authorization(const Request& request, const SessionOptions& options) {
  const bool own = !request.user.empty() || !request.password.empty() || !request.session_credentials;
  const std::string& user = own ? request.user : options.user;
  const std::string& password = own ? request.password : options.password;
  return user.empty() && password.empty() ? std::string() : "Basic " + base64(user + ":" + password);
}

}  // namespace

bool sends_body(const Request& request) noexcept {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

void write_request(std::string& text, const Request& request, const PlainTarget& target,
                   const SessionOptions& options) {
  text.assign(request.method).append(" ").append(target.path.empty() ? "/" : target.path).append(" HTTP/1.1\r\n");
  add_own(text, request, "Host", target.authority);
  add_own(text, request, "Authorization", authorization(request, options));
  add_own(text, request, "User-Agent", options.user_agent);
  add_own(text, request, "Accept", "*/*");
  if (options.compressed) add_own(text, request, "Accept-Encoding", BodyDecoder::kAccepted);
  for (const Header& field : request.headers) add_field(text, field.name, field.value);
  if (sends_body(request)) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), request.body.size()).ptr;
    add_own(text, request, "Content-Length", {digits.data(), end});
  }
  text.append("\r\n").append(request.body);
}

}  // namespace overlap::http::detail
