// The URLs of a list: checked, made fit to request, and taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace overlap::get {

inline constexpr std::size_t kMaxUrlBytes = 64 * 1024;

/// The user:password of a URL, percent-decoded. Never shown, logged or stored.
struct Credentials {
  std::string user;
  std::string password;
};

/// An http or https URL in the one spelling that is requested and compared. Made by parse_url(); a value.
class Url {
 public:
  /// What to ask for: ASCII, with neither credentials nor fragment.
  const std::string& request() const { return request_; }

  /// What to show and to store. It holds no credentials and nothing a terminal acts upon.
  const std::string& display() const { return request_; }

  /// "http" or "https".
  std::string_view scheme() const { return std::string_view(request_).substr(0, scheme_bytes_); }

  /// Lower case; an IPv6 address in its brackets and shortest form, an IPv4 address as four decimal numbers.
  const std::string& host() const { return host_; }

  /// As written, or the scheme's own.
  std::uint16_t port() const { return port_; }

  /// The unit of per-host limits: "https://example.com:443". Spellings of one origin give one key.
  const std::string& host_key() const { return host_key_; }

  /// Percent-encoded, begins with '/', without "." and ".." segments.
  std::string_view path() const { return std::string_view(request_).substr(path_at_, path_bytes_); }

  /// Percent-encoded, without its '?'; nothing when the URL has none (an empty one is not none).
  std::optional<std::string_view> query() const;

  /// From the URL itself.
  const std::optional<Credentials>& credentials() const { return credentials_; }

 private:
  Url() = default;
  friend std::expected<Url, std::string> parse_url(std::string_view text);

  std::string request_;
  std::string host_;
  std::string host_key_;
  std::optional<Credentials> credentials_;
  std::size_t scheme_bytes_ = 0;
  std::size_t path_at_ = 0;
  std::size_t path_bytes_ = 0;
  std::uint16_t port_ = 0;
};

/// Reads a URL as people write them. The error says what is wrong, never quotes credentials and is fit to show.
///
/// - Only http and https, and never guessed: "example.com/x" has no scheme, which is an error.
/// - Blanks around it are dropped. A blank within path or query becomes %20, as do all bytes that RFC 3986 does not
///   allow there (non-ASCII, quotes, brackets, '|', '\', a '%' that begins no escape): what curl does to a redirect's
///   target. Escapes that are there already stay as they are, in the case they have, since some servers sign them.
/// - Control characters anywhere are errors; so are blanks and backslashes before the path, where browsers and
///   libraries differ in what they take for the host.
/// - Scheme and host in lower case; an international host name in its ASCII form; numbers that stand for an IPv4
///   address ("0x7f.1") written out; the scheme's own port and the fragment dropped; "." and ".." segments resolved.
std::expected<Url, std::string> parse_url(std::string_view text);

/// A text that may be no URL, for messages and records: without what may be credentials, escaped, and shortened to
/// `max_bytes`.
std::string redacted(std::string_view text, std::size_t max_bytes = 200);

}  // namespace overlap::get
