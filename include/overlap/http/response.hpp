#pragma once

#include <cstdint>
#include <string>

#include <overlap/core/time.hpp>
#include <overlap/http/headers.hpp>

namespace overlap::http {

/// When each step of the last hop was done, counted from that hop's start. Zero: the step did not take place.
struct Timings {
  Duration name_lookup{};
  Duration connect{};
  Duration tls{};
  Duration first_byte{};
  Duration total{};
  bool reused = false;  ///< over a connection that was open already

  template <class Archive>
  void serialize(Archive& archive) {
    archive(name_lookup, connect, tls, first_byte, total, reused);
  }
};

struct Response {
  int status = 0;
  Headers headers{};        ///< of the final response; trailers are not kept
  std::string body{};       ///< decoded; empty when a Sink took it
  std::string final_url{};  ///< after redirects; without user and password
  Timings timings{};
  std::string http_version{};    ///< "1.0", "1.1", "2"
  std::uint64_t body_bytes = 0;  ///< decoded, also when a Sink took the body
  std::uint64_t wire_bytes = 0;  ///< of the body as it was sent, before decoding
  std::string remote_address{};  ///< of the server or proxy: "192.0.2.1:80", "[2001:db8::1]:443"
  std::string proxy{};           ///< that it came through: "the proxy HOST:PORT"; empty: none

  template <class Archive>
  void serialize(Archive& archive) {
    archive(status, headers, body, final_url, timings, http_version, body_bytes, wire_bytes, remote_address, proxy);
  }
};

}  // namespace overlap::http
