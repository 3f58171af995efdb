#pragma once

#include <expected>
#include <memory>
#include <string>

#include <overlap/http/session_options.hpp>

namespace overlap::http {

/// The cookies of the sessions of one process that keep cookies (SessionOptions::cookies) and begin with the same file
/// of them: what one is given, all send. It lives as long as any of these sessions, or whoever else holds it.
///
/// Safe to use from any thread.
class CookieJar {
 public:
  /// Reads SessionOptions::cookie_file if there is none yet; throws std::runtime_error when it cannot be read.
  static std::shared_ptr<CookieJar> of(const SessionOptions& options);

  ~CookieJar();
  CookieJar(const CookieJar&) = delete;
  CookieJar& operator=(const CookieJar&) = delete;

  /// Writes all of them to a file in the Netscape format that only its owner may read, which is there as a whole or not
  /// at all. The error names the file.
  std::expected<void, std::string> save(const std::string& file) const;

  /// libcurl's own handle for what is shared, for the library itself.
  void* share() const noexcept;

 private:
  explicit CookieJar(const std::string& file);

  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace overlap::http
