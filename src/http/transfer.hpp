#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <string>

#include <overlap/http/error.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/response.hpp>
#include <overlap/http/session_options.hpp>

#include "http/curl_handles.hpp"
#include "http/reception.hpp"

namespace overlap::http::detail {

/// Who makes and closes the sockets of a session.
class Sockets {
 public:
  virtual ~Sockets() = default;
  virtual int open_socket(int family, int type, int protocol) noexcept = 0;  ///< -1 and errno when it cannot
  virtual void close_socket(int socket) noexcept = 0;
  /// This transfer pauses, and is to go on at that time. Called from within libcurl.
  virtual void paused(CURL* transfer, TimePoint until) noexcept = 0;
};

/// One request and its response on one easy handle, which serves one after the other and is set up again only where
/// they differ. Knows nothing of multi handles and loops: who drives the handle calls prepare(), runs it, and calls
/// finish().
class Transfer final : private Reception {
 public:
  /// All must outlive it.
  Transfer(const SessionOptions& options, Sockets& sockets, CURLSH* tls_sessions);
  ~Transfer() override;

  /// `request` has been checked, and must stay until finish().
  void prepare(const Request& request, Hop hop);
  /// What came of it, from what libcurl says. Throws what the Sink threw.
  std::expected<Response, Failure> finish(CURLcode code);
  /// Forgets the request: for a transfer that is taken out before its end.
  void abandon() noexcept;

  CURL* handle() const noexcept { return easy_.get(); }
  /// Among the last two of this request: there are two while both families are tried.
  bool has_opened(int socket) const noexcept { return socket == opened_[0] || socket == opened_[1]; }
  /// Of a prepared request.
  const std::string& url() const noexcept { return request().url; }

 private:
  void set_session_options(CURLSH* tls_sessions);
  void set_tls_options();
  void set_method(const Request& request);
  void set_headers(const Request& request);
  void set_credentials(const Request& request);
  void set_limits(const Limits& limits);
  void set_http_version(const std::string& url);
  void set_route();

  // What libcurl calls while it drives the handle. False ends the transfer.
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept;
  static int on_close(void* sockets, curl_socket_t socket) noexcept;
  Failure failure_of(CURLcode code);
  bool is_of_proxy(CURLcode code);
  Failure proxy_failure(CURLcode code);
  void describe_connection(Response& response) override;
  void read_timings(Response& response);

  const SessionOptions& options_;
  Sockets& sockets_;
  const EasyPtr easy_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  // What the handle is set to.
  std::string method_ = "GET";
  Headers sent_headers_;
  ListPtr header_list_;
  std::string user_;
  std::string password_;
  Limits limits_;
  Duration connect_timeout_ = limits_.connect_timeout;
  Duration time_left_{};
  std::string proxy_;
  bool netrc_ = false;
  bool had_body_ = false;
  bool https_ = false;
  bool many_in_flight_ = false;

  // The request under way.
  bool refused_address_ = false;
  std::array<int, 2> opened_{-1, -1};
  int open_error_ = 0;  // errno of the last socket that could not be made
};

}  // namespace overlap::http::detail
