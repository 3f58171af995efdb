#pragma once
/// What can become of a request besides a response.

#include <cstdint>
#include <string>
#include <string_view>

#include <overlap/core/errors.hpp>

namespace overlap::http {

enum class ErrorClass : std::uint8_t {
  bad_input,    ///< the request itself is malformed: its URL, method or a header
  refused,      ///< by policy: scheme, address, or a redirect from https to http
  dns,          ///< the host's name has no address
  connect,      ///< no connection: refused, unreachable, reset before an answer, out of descriptors
  tls,          ///< the handshake or the certificate
  timeout,      ///< any of the limits in time and speed
  protocol,     ///< the answer is not HTTP as it must be
  truncated,    ///< the connection ended before the body did
  decode,       ///< the body's content encoding is broken or not wanted
  too_large,    ///< more body than the limit
  redirect,     ///< too many, or without a usable place to go
  http,         ///< a status of 400 or more, where somebody counts that as an error: a Session does not
  digest,       ///< the body is not the one that was expected (Sinks)
  disk,         ///< it could not be stored (Sinks)
  interrupted,  ///< the run was stopped
};

/// "bad_input", "refused", ... as spelt above.
std::string_view to_string(ErrorClass error_class) noexcept;

/// Why there is no response.
struct Failure {
  ErrorClass error_class{};
  std::string message{};          ///< names the URL, without its user and password
  bool may_retry = false;         ///< the same request may well succeed later
  int status = 0;                 ///< of the response, if its head had come
  bool out_of_resources = false;  ///< it is this machine that had no descriptor, port or memory left for it

  template <class Archive>
  void serialize(Archive& archive) {
    archive(error_class, message, may_retry, status, out_of_resources);
  }
};

/// A Failure, thrown. what() is "CLASS: MESSAGE", from which a worker process's error is made again: across that
/// boundary may_retry and status are lost.
struct HttpError : Error {
  explicit HttpError(const Failure& failure);
  /// From a what(); text that does not begin with a class is of class protocol.
  explicit HttpError(const std::string& what);

  ErrorClass error_class;
  bool may_retry = false;
  int status = 0;
};

}  // namespace overlap::http
