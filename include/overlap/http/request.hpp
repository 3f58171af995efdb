#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <overlap/core/time.hpp>
#include <overlap/http/headers.hpp>

namespace overlap::http {

class Sink;

struct Limits {
  Duration connect_timeout = std::chrono::seconds(10);  ///< lookup, connect and handshake; zero or less: none
  Duration max_time = std::chrono::seconds(300);  ///< of the whole request, redirects included; zero or less: none
  std::uint64_t max_bytes = 0;                    ///< of the decoded body; 0: no limit
  std::uint64_t low_speed_bytes = 0;  ///< bytes a second; slower than this for low_speed_time is a timeout; 0: no limit
  Duration low_speed_time{};          ///< rounded up to whole seconds
  int max_redirects = 10;             ///< to follow; 0: a redirect is returned as the response it is

  template <class Archive>
  void serialize(Archive& archive) {
    archive(connect_timeout, max_time, max_bytes, low_speed_bytes, low_speed_time, max_redirects);
  }
};

struct Request {
  std::string method = "GET";
  std::string url{};   ///< http or https; may hold user:password@, which is used and never shown
  Headers headers{};   ///< added to the session's own, or instead of them; not sent on to another origin
  std::string body{};  ///< sent if not empty, or if the method is POST, PUT or PATCH
  Limits limits{};
  Sink* sink = nullptr;  ///< must live until the fetch has ended; null: the body goes into Response::body
  std::string user{};    ///< Basic authentication; takes the place of what the URL holds
  std::string password{};
  bool session_credentials = true;  ///< false: the session's own user and netrc file are not used
};

}  // namespace overlap::http
