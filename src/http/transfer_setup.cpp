// How a request becomes options of an easy handle. Only what differs from the request before it is set.
#include <algorithm>
#include <chrono>
#include <limits>

#include "http/ca_bundle.hpp"
#include "http/plain/request_text.hpp"
#include "http/transfer.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr long kSmallBuffer = 16 * 1024;  // libcurl's own default: a transfer then needs some 30 KiB in all
constexpr long kLargeBuffer = 64 * 1024;  // fewer system calls for a large body

// libcurl's timeouts are milliseconds, and zero is "none": a short time left must not become that.
long to_milliseconds(Duration duration) noexcept {
  using std::chrono::milliseconds;
  if (duration <= Duration::zero()) return 0;
  const auto count = std::chrono::ceil<milliseconds>(std::min<Duration>(duration, std::chrono::hours(24 * 24))).count();
  return static_cast<long>(count);
}

long to_seconds(Duration duration) noexcept {
  if (duration <= Duration::zero()) return 0;
  return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

long ip_resolve(SessionOptions::IpVersion version) noexcept {
  if (version == SessionOptions::IpVersion::v4) return CURL_IPRESOLVE_V4;
  if (version == SessionOptions::IpVersion::v6) return CURL_IPRESOLVE_V6;
  return CURL_IPRESOLVE_WHATEVER;
}

const std::string kNoProxy;

// What a lookup has used up is gone; zero or less means no limit, so there must be something left.
Duration connect_time_left(Duration limit, Duration used) noexcept {
  if (limit <= Duration::zero()) return limit;
  return std::max<Duration>(limit - used, std::chrono::milliseconds(1));
}

// Where there is no TLS handshake in which to agree on a version.
long plain_version(SessionOptions::HttpVersion version) noexcept {
  return version == SessionOptions::HttpVersion::http2 ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_1_1;
}

// libcurl takes "Name;" for a field without a value: "Name:" is how it is told to leave one out.
std::string header_line(const Header& field) {
  return field.value.empty() ? field.name + ";" : field.name + ": " + field.value;
}

}  // namespace

Transfer::Transfer(const SessionOptions& options, Sockets& sockets, CURLSH* tls_sessions)
    : Reception(options.compressed), options_(options), sockets_(sockets), easy_(make_easy()) {
  set_session_options(tls_sessions);
  set_tls_options();
}

Transfer::~Transfer() = default;

void Transfer::set_session_options(CURLSH* tls_sessions) {
  CURL* const easy = easy_.get();
  set_pointer(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set_number(easy, CURLOPT_NOSIGNAL, 1);
  // A lookup is a thread: without this, ending a transfer waits for it, and the loop with it.
  set_number(easy, CURLOPT_QUICK_EXIT, 1);
  set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_number(easy, CURLOPT_FOLLOWLOCATION, 0);
  set_number(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
  // It is given all addresses, and told which to forget: looking for old ones at the end of every transfer is in vain.
  set_number(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1);
  set_pointer(easy, CURLOPT_SHARE, tls_sessions);
  if (options_.cookies) set_text(easy, CURLOPT_COOKIEFILE, "");  // the shared ones, and no file
  set_number(easy, CURLOPT_IPRESOLVE, ip_resolve(options_.ip_version));
  if (!options_.user_agent.empty()) set_text(easy, CURLOPT_USERAGENT, options_.user_agent);
  // ProxyRules decides, also by the environment: libcurl is not to look there again.
  set_text(easy, CURLOPT_PROXY, proxy_);
  set_text(easy, CURLOPT_NOPROXY, "");
  if (!options_.netrc_file.empty()) set_text(easy, CURLOPT_NETRC_FILE, options_.netrc_file);
  if (options_.compressed) {
    set_text(easy, CURLOPT_ACCEPT_ENCODING, BodyDecoder::kAccepted);
    set_number(easy, CURLOPT_HTTP_CONTENT_DECODING, 0);
  }

  set_callback(easy, CURLOPT_HEADERFUNCTION, reinterpret_cast<Callback>(&on_header));
  set_pointer(easy, CURLOPT_HEADERDATA, this);
  set_callback(easy, CURLOPT_WRITEFUNCTION, reinterpret_cast<Callback>(&on_body));
  set_pointer(easy, CURLOPT_WRITEDATA, this);
  set_callback(easy, CURLOPT_OPENSOCKETFUNCTION, reinterpret_cast<Callback>(&on_open));
  set_pointer(easy, CURLOPT_OPENSOCKETDATA, this);
  set_callback(easy, CURLOPT_CLOSESOCKETFUNCTION, reinterpret_cast<Callback>(&on_close));
  set_pointer(easy, CURLOPT_CLOSESOCKETDATA, &sockets_);  // a connection outlives the transfer that opened it

  set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, to_milliseconds(connect_timeout_));
  set_number(easy, CURLOPT_BUFFERSIZE, kLargeBuffer);
  set_number(easy, CURLOPT_HTTP_VERSION, plain_version(options_.http_version));
}

void Transfer::set_tls_options() {
  CURL* const easy = easy_.get();
  const std::string& ca_file = options_.ca_file.empty() ? system_ca_file() : options_.ca_file;
  for (const CURLoption option : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO}) {
    if (!ca_file.empty()) set_text(easy, option, ca_file);
  }
  // With a directory of certificates besides the file, libcurl reads the whole file again for every connection.
  set_text(easy, CURLOPT_CAPATH, nullptr);
  set_text(easy, CURLOPT_PROXY_CAPATH, nullptr);
  if (options_.insecure) {
    set_number(easy, CURLOPT_SSL_VERIFYPEER, 0);
    set_number(easy, CURLOPT_SSL_VERIFYHOST, 0);
  }
  if (!options_.client_cert.empty()) set_text(easy, CURLOPT_SSLCERT, options_.client_cert);
  if (!options_.client_key.empty()) set_text(easy, CURLOPT_SSLKEY, options_.client_key);
}

void Transfer::prepare(const Request& request, Hop hop) {
  begin(request, std::move(hop));
  set_text(easy_.get(), CURLOPT_URL, request.url);
  set_method(request);
  set_headers(request);
  set_credentials(request);
  set_limits(request.limits);
  set_http_version(request.url);
  set_route();
  error_text_[0] = '\0';
  refused_address_ = false;
  open_error_ = 0;
  opened_ = {-1, -1};
}

void Transfer::set_method(const Request& request) {
  CURL* const easy = easy_.get();
  const bool body = sends_body(request);
  if (!body && !had_body_ && request.method == method_) return;
  set_number(easy, CURLOPT_NOBODY, 0);
  set_number(easy, CURLOPT_HTTPGET, 1);
  if (body) {
    set_number(easy, CURLOPT_POST, 1);
    set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set_pointer(easy, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method == "HEAD") {
    set_number(easy, CURLOPT_NOBODY, 1);
  }
  const bool implied = request.method == (body ? "POST" : "GET") || (!body && request.method == "HEAD");
  set_text(easy, CURLOPT_CUSTOMREQUEST, implied ? nullptr : request.method.c_str());
  method_ = request.method;
}

void Transfer::set_headers(const Request& request) {
  const bool body = sends_body(request);
  if (body == had_body_ && request.headers == sent_headers_) return;
  ListPtr list;
  for (const Header& field : request.headers) append(list, header_line(field));
  if (body) {  // without the two that libcurl would add of its own accord
    if (!request.headers.contains("Content-Type")) append(list, "Content-Type:");
    if (!request.headers.contains("Expect")) append(list, "Expect:");
  }
  set_pointer(easy_.get(), CURLOPT_HTTPHEADER, list.get());
  header_list_ = std::move(list);
  sent_headers_ = request.headers;
  had_body_ = body;
}

void Transfer::set_credentials(const Request& request) {
  const bool own = !request.user.empty() || !request.password.empty();
  const std::string& user = own || !request.session_credentials ? request.user : options_.user;
  const std::string& password = own || !request.session_credentials ? request.password : options_.password;
  if (user != user_ || password != password_) {
    const bool none = user.empty() && password.empty();
    set_text(easy_.get(), CURLOPT_USERNAME, none ? nullptr : user.c_str());
    set_text(easy_.get(), CURLOPT_PASSWORD, none ? nullptr : password.c_str());
    user_ = user;
    password_ = password;
  }
  const bool netrc = !options_.netrc_file.empty() && request.session_credentials && !own;
  if (netrc != netrc_) {
    set_number(easy_.get(), CURLOPT_NETRC, netrc ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED);
    netrc_ = netrc;
  }
}

void Transfer::set_limits(const Limits& limits) {
  CURL* const easy = easy_.get();
  const Duration connect_timeout = connect_time_left(limits.connect_timeout, hop().lookup);
  if (connect_timeout != connect_timeout_) {
    // Zero would be libcurl's own default, 300 s.
    const long none = to_milliseconds(Duration::max());
    const long timeout = to_milliseconds(connect_timeout);
    set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout != 0 ? timeout : none);
    connect_timeout_ = connect_timeout;
  }
  if (hop().time_left != time_left_) set_number(easy, CURLOPT_TIMEOUT_MS, to_milliseconds(hop().time_left));
  if (limits.low_speed_bytes != limits_.low_speed_bytes || limits.low_speed_time != limits_.low_speed_time) {
    const auto bytes = std::min<std::uint64_t>(limits.low_speed_bytes, std::numeric_limits<long>::max());
    set_number(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(bytes));
    set_number(easy, CURLOPT_LOW_SPEED_TIME, to_seconds(limits.low_speed_time));
  }
  if (hop().many_in_flight != many_in_flight_) {
    set_number(easy, CURLOPT_BUFFERSIZE, hop().many_in_flight ? kSmallBuffer : kLargeBuffer);
    many_in_flight_ = hop().many_in_flight;
  }
  limits_ = limits;
  time_left_ = hop().time_left;
}

void Transfer::set_route() {
  const std::string& proxy = hop().proxy != nullptr ? hop().proxy->url : kNoProxy;
  if (proxy != proxy_) {
    set_text(easy_.get(), CURLOPT_PROXY, proxy);
    proxy_ = proxy;
  }
  if (hop().addresses) set_pointer(easy_.get(), CURLOPT_RESOLVE, hop().addresses.get());
}

void Transfer::set_http_version(const std::string& url) {
  const bool https = is_https(url);
  if (https == https_) return;
  https_ = https;
  const auto version = options_.http_version;
  if (version == SessionOptions::HttpVersion::http1_1) return;
  const long over_tls = CURL_HTTP_VERSION_2TLS;
  set_number(easy_.get(), CURLOPT_HTTP_VERSION, https ? over_tls : plain_version(version));
  // Wait for a connection on its way that may take this request as well, rather than open one for each.
  set_number(easy_.get(), CURLOPT_PIPEWAIT, https ? 1 : 0);
}

}  // namespace overlap::http::detail
