#pragma once

#include <curl/curl.h>

#include <string_view>

#include <overlap/http/error.hpp>

namespace overlap::http::detail {

/// How a transfer ended that libcurl gave up.
struct Ending {
  CURLcode code = CURLE_OK;
  std::string_view detail;     ///< libcurl's own words; may be empty
  std::string_view url;        ///< without credentials
  bool answered = false;       ///< something of a response had come
  bool head_complete = false;  ///< its whole head had
  bool chunked = false;
  int status = 0;
};

/// Whether an errno of socket(2) or connect(2) says that this machine has run out: of descriptors, memory or ports.
bool is_exhaustion(int error) noexcept;

/// The class of every CURLcode, and whether it is worth another try.
Failure classify(const Ending& ending);

}  // namespace overlap::http::detail
