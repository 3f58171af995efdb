#include "get/url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <boost/url/rfc/pchars.hpp>
#include <vector>

#include "cli/escape.hpp"
#include "get/idn.hpp"
#include "get/percent_encoding.hpp"

namespace overlap::get {
namespace {

template <class T>
using Expected = std::expected<T, std::string>;
using std::string_view_literals::operator""sv;

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, without the final dot
constexpr std::size_t kMaxLabelBytes = 63;
constexpr std::size_t kQuotedBytes = 80;  // of a part of the URL, in messages

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

std::optional<unsigned> hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

/// Escapes every byte that is neither part of an escape nor allowed by RFC 3986 in a path, nor one of `also_allowed`.
std::string percent_encode(std::string_view text, std::string_view also_allowed) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    const bool is_allowed = boost::urls::pchars(byte) || also_allowed.contains(c);
    if (c == '%' ? escape_at(text, at).has_value() : is_allowed) {
      out += c;
    } else {
      append_percent_encoded(out, text.substr(at, 1));
    }
  }
  return out;
}

/// RFC 3986, 5.2.4, for a path that begins with '/'. One pass: a path of 64 KiB of "/.." must not cost its square.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    if (segment == "/.." && !out.empty()) out.resize(out.rfind('/'));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (is_last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out;
}

/// What stands before and after the host, as written.
struct Parts {
  std::string scheme;
  std::optional<std::string_view> userinfo;
  std::string_view host;
  std::optional<std::string_view> port;
  std::string_view path;
  std::optional<std::string_view> query;
};

/// Takes the scheme and its "//" off the front of `text`.
Expected<std::string> take_scheme(std::string_view& text) {
  static constexpr std::string_view kNone = "it has no scheme: a URL begins with http:// or https://";
  const std::size_t colon = text.find(':');
  const std::string_view written = text.substr(0, std::min(colon, text.size()));
  const bool is_scheme =
      colon != std::string_view::npos && !written.empty() && is_alpha(written.front()) &&
      std::ranges::all_of(written, [](char c) { return is_alpha(c) || is_digit(c) || "+-."sv.contains(c); });
  if (!is_scheme) return std::unexpected(std::string(kNone));

  const std::string scheme = lower_case(written);
  if (scheme != "http" && scheme != "https") {
    const bool is_host = scheme == "localhost" || scheme.contains('.');  // "example.com:8080/x"
    if (is_host) return std::unexpected(std::string(kNone));
    return std::unexpected(
        fmt::format("scheme '{}' is not allowed, only http and https", cli::escape_for_terminal(scheme, kQuotedBytes)));
  }
  text.remove_prefix(colon + 1);
  if (!text.starts_with("//")) return std::unexpected(fmt::format("'{}:' is not followed by //", scheme));
  text.remove_prefix(2);
  return scheme;
}

Expected<void> split_authority(std::string_view authority, Parts& parts) {
  if (authority.find_first_of("\\ ") != std::string_view::npos) {
    return std::unexpected("there is a blank or a backslash before the path");
  }
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::size_t host_bytes = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return std::unexpected("the host's '[' has no ']'");
    host_bytes = bracket + 1;
    if (host_bytes < authority.size() && authority[host_bytes] != ':') {
      return std::unexpected("after the host's ']' comes neither a port nor a path");
    }
  }
  parts.host = authority.substr(0, host_bytes);
  if (host_bytes < authority.size()) parts.port = authority.substr(host_bytes + 1);
  return {};
}

Expected<Parts> split(std::string_view text) {
  Parts parts;
  auto scheme = take_scheme(text);
  if (!scheme) return std::unexpected(std::move(scheme).error());
  parts.scheme = *std::move(scheme);

  text = text.substr(0, text.find('#'));
  const std::size_t authority_bytes = std::min(text.find_first_of("/?"), text.size());
  if (auto done = split_authority(text.substr(0, authority_bytes), parts); !done) return std::unexpected(done.error());
  text.remove_prefix(authority_bytes);
  const std::size_t question_mark = text.find('?');
  parts.path = text.substr(0, question_mark);
  if (question_mark != std::string_view::npos) parts.query = text.substr(question_mark + 1);
  return parts;
}

/// A number of an IPv4 address: decimal, octal after "0", hexadecimal after "0x". Nothing if it is none.
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
  unsigned base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
    text.remove_prefix(1);
  } else if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = hex_value(c);
    if (!digit || *digit >= base) return std::nullopt;
    value = std::min<std::uint64_t>(value * base + *digit, std::uint64_t{1} << 32);  // no more than "too large"
  }
  return value;
}

std::vector<std::string_view> split_labels(std::string_view host) {
  std::vector<std::string_view> labels;
  for (std::size_t dot = 0; dot != std::string_view::npos;) {
    dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot != std::string_view::npos) host.remove_prefix(dot + 1);
  }
  return labels;
}

/// The address that one to four numbers stand for, as inet_aton() and the URL standard have it.
std::optional<std::string> ipv4_address(const std::vector<std::string_view>& labels) {
  if (labels.empty() || labels.size() > 4) return std::nullopt;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto number = ipv4_number(labels[i]);
    const bool is_last = i + 1 == labels.size();
    const std::size_t bits = is_last ? 8 * (4 - i) : 8;  // the last number fills what is left
    if (!number || *number >> bits != 0) return std::nullopt;
    address = (address << bits) | *number;
  }
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
}

Expected<std::string> ipv6_host(std::string_view bracketed) {
  const std::string text(bracketed.substr(1, bracketed.size() - 2));
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> shortest{};
  if (text.contains('\0') || inet_pton(AF_INET6, text.c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, shortest.data(), shortest.size()) == nullptr) {
    return std::unexpected(fmt::format("'{}' is not an IPv6 address", cli::escape_for_terminal(text, kQuotedBytes)));
  }
  return fmt::format("[{}]", shortest.data());
}

Expected<std::string> named_host(std::string_view written) {
  std::string host = lower_case(percent_decode(written));
  if (std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    auto ascii = host_to_ascii(host);
    if (!ascii) return std::unexpected(std::move(ascii).error());
    host = lower_case(*ascii);
  }
  const auto refuse = [&host](std::string_view why) {
    return std::unexpected(fmt::format("host '{}' {}", cli::escape_for_terminal(host, kQuotedBytes), why));
  };
  const auto is_allowed = [](char c) { return is_alpha(c) || is_digit(c) || "-._"sv.contains(c); };
  if (host.empty()) return std::unexpected("it has no host");
  if (!std::ranges::all_of(host, is_allowed)) return refuse("has a character that host names do not have");

  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto labels = split_labels(name);
  if (name.size() > kMaxHostBytes) return refuse("is longer than 253 bytes");
  if (std::ranges::any_of(labels, [](auto label) { return label.empty(); })) return refuse("has an empty label");
  if (std::ranges::any_of(labels, [](auto label) { return label.size() > kMaxLabelBytes; })) {
    return refuse("has a label longer than 63 bytes");
  }
  // A name whose last label is a number is an address or nothing: some resolvers would read it as one.
  if (!ipv4_number(labels.back()) && !std::ranges::all_of(labels.back(), is_digit)) return host;
  if (auto address = ipv4_address(labels)) return *std::move(address);
  return refuse("is not an IPv4 address, though it ends in a number");
}

/// The port as a number. What is not a number is not quoted: it may be the password of "user:pass/word@host".
Expected<std::uint16_t> read_port(const Parts& parts) {
  if (!parts.port || parts.port->empty()) return static_cast<std::uint16_t>(parts.scheme == "https" ? 443 : 80);
  if (!std::ranges::all_of(*parts.port, is_digit)) return std::unexpected("the port is not a number");
  std::uint32_t port = 0;
  for (const char c : *parts.port) port = std::min(port * 10 + static_cast<std::uint32_t>(c - '0'), 65536U);
  if (port == 0 || port > 65535) return std::unexpected("the port is not within 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

Expected<std::optional<Credentials>> read_credentials(const Parts& parts) {
  if (!parts.userinfo || parts.userinfo->empty()) return std::nullopt;
  const std::size_t colon = parts.userinfo->find(':');
  Credentials credentials{.user = percent_decode(parts.userinfo->substr(0, colon)), .password = {}};
  if (colon != std::string_view::npos) credentials.password = percent_decode(parts.userinfo->substr(colon + 1));
  if (std::ranges::any_of(credentials.user, is_control) || std::ranges::any_of(credentials.password, is_control)) {
    return std::unexpected("there is a control character in the user name or password");
  }
  return credentials;
}

/// The text without the blanks around it, once its length and its bytes allow to look further.
Expected<std::string_view> check_and_trim(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return std::unexpected(fmt::format("it is longer than {} bytes", kMaxUrlBytes));
  if (const auto bad = std::ranges::find_if(text, is_control); bad != text.end()) {
    return std::unexpected(fmt::format("it has the control character 0x{:02x} at byte {}",
                                       static_cast<unsigned char>(*bad), bad - text.begin() + 1));
  }
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  if (text.empty()) return std::unexpected("it is empty");
  return text;
}

}  // namespace

std::optional<std::string_view> Url::query() const {
  const std::size_t question_mark = path_at_ + path_bytes_;
  if (question_mark == request_.size()) return std::nullopt;
  return std::string_view(request_).substr(question_mark + 1);
}

std::expected<Url, std::string> parse_url(std::string_view text) {
  const auto trimmed = check_and_trim(text);
  if (!trimmed) return std::unexpected(trimmed.error());
  const auto parts = split(*trimmed);
  if (!parts) return std::unexpected(parts.error());
  auto credentials = read_credentials(*parts);
  if (!credentials) return std::unexpected(std::move(credentials).error());
  auto host = parts->host.starts_with('[') ? ipv6_host(parts->host) : named_host(parts->host);
  if (!host) return std::unexpected(std::move(host).error());
  const auto port = read_port(*parts);
  if (!port) return std::unexpected(port.error());

  const std::string path = parts->path.empty() ? "/" : remove_dot_segments(percent_encode(parts->path, "/"));
  const bool is_usual_port = *port == (parts->scheme == "https" ? 443 : 80);
  Url url;
  const std::string port_text = std::to_string(*port);
  url.request_.reserve(parts->scheme.size() + host->size() + path.size() + 16 +
                       (parts->query ? parts->query->size() : 0));
  url.request_.append(parts->scheme).append("://").append(*host);
  if (!is_usual_port) url.request_.append(":").append(port_text);
  url.scheme_bytes_ = parts->scheme.size();
  url.path_at_ = url.request_.size();
  url.path_bytes_ = path.size();
  url.request_ += path;
  if (parts->query) url.request_.append("?").append(percent_encode(*parts->query, "/?"));

  const std::string_view undotted = host->ends_with('.') ? std::string_view(*host).substr(0, host->size() - 1) : *host;
  url.host_key_.append(parts->scheme).append("://").append(undotted).append(":").append(port_text);
  url.host_ = *std::move(host);
  url.port_ = *port;
  url.credentials_ = *std::move(credentials);
  return url;
}

std::string redacted(std::string_view text, std::size_t max_bytes) {
  std::size_t begin = 0;  // of what may be the authority
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && colon + 1 < text.size() && "/\\"sv.contains(text[colon + 1])) {
    begin = std::min(text.find_first_not_of("/\\", colon + 1), text.size());
  }
  const std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  const std::string_view authority = text.substr(begin, end - begin);
  std::size_t at = authority.rfind('@');
  // "http://user:pass/word@host/": a port that is none may be the first part of a password with a '/' in it.
  const std::size_t port = authority.rfind(':');
  const bool has_bad_port =
      port != std::string_view::npos && !std::ranges::all_of(authority.substr(port + 1), is_digit);
  if (at == std::string_view::npos && has_bad_port && !authority.starts_with('[')) at = text.substr(begin).rfind('@');
  if (at == std::string_view::npos) return cli::escape_for_terminal(text, max_bytes);
  return cli::escape_for_terminal(fmt::format("{}***{}", text.substr(0, begin), text.substr(begin + at)), max_bytes);
}

}  // namespace overlap::get
