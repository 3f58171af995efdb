#pragma once
/// What the tests of the HTTP layer share.

#include <sys/resource.h>

#include <expected>
#include <string>
#include <utility>

#include <overlap/async/loop.hpp>
#include <overlap/async/task.hpp>
#include <overlap/http.hpp>

#include "support/raw_server.hpp"

namespace overlap::test {

using Fetched = std::expected<http::Response, http::Failure>;

inline http::Request request_for(std::string url) {
  http::Request request;
  request.url = std::move(url);
  return request;
}

inline Task<Fetched> fetch_on_loop(http::Request request, http::SessionOptions options) {
  co_return co_await http::Session::of_current_loop(options).try_fetch(std::move(request));
}

/// On a fresh loop.
inline Fetched try_fetch(http::Request request, http::SessionOptions options = {}) {
  return run(fetch_on_loop(std::move(request), std::move(options)));
}
inline Fetched try_fetch(const std::string& url, http::SessionOptions options = {}) {
  return try_fetch(request_for(url), std::move(options));
}

/// The class of the failure; empty when there is a response.
inline std::string class_of(const Fetched& fetched) {
  return fetched ? std::string() : std::string(to_string(fetched.error().error_class));
}

/// An answer of status 200 with a body of known length.
inline std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The same answer to every request, on connections that stay open.
inline RawServer::Script answer_all(std::string answer = ok("x")) {
  return [text = std::move(answer)](RawConnection& connection) {
    while (connection.read_request()) {
      if (!connection.send(text)) return;
    }
  };
}

/// As programs that open many connections do.
inline void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace overlap::test
