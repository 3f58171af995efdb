#pragma once
/// The built-in origin server: the engine of `overlap serve`, and what tests and comparisons fetch from when there is
/// no network. What it answers is described at content.hpp and faults.hpp.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace overlap::serve {

/// PEM files. Both empty: a certificate authority and a certificate for the loopback names are made in memory.
struct TlsOptions {
  std::string cert;  ///< the chain, the server's own certificate first
  std::string key;
};

struct OriginOptions {
  std::string bind = "127.0.0.1";      ///< an address, not a name
  std::uint16_t port = 0;              ///< 0: any free one
  std::chrono::nanoseconds latency{};  ///< waited before every response
  std::chrono::nanoseconds jitter{};   ///< up to this much more, by seed and request number
  std::uint64_t bandwidth = 0;         ///< bytes of body a second and connection; 0: unlimited
  std::uint64_t seed = 1;              ///< what all content follows from
  std::size_t at_once = 0;             ///< requests answered at a time, the others wait their turn; 0: unlimited
  std::size_t refuse_above = 0;        ///< what comes while so many are under way is told 429 at once; 0: never
  double fault_rate = 0;               ///< share of ordinary requests that meet a 503 or a reset, by seed and number
  int threads = 1;
  std::optional<TlsOptions> tls = {};
};

/// An HTTP/1.1 server. It listens from construction on, and answers while run() runs.
///
/// stop() may be called from any thread, the rest only by the owner. Destroying it closes all connections; run() must
/// have returned by then.
class Origin {
 public:
  /// Throws std::system_error if it cannot listen (the message names address and port), std::invalid_argument for
  /// options that make no sense, and std::runtime_error for certificates that cannot be used.
  explicit Origin(OriginOptions options);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  std::uint16_t port() const;
  std::string url() const;  ///< "http://127.0.0.1:8080", without a slash at the end

  /// What clients need to trust a certificate made in memory; empty without one.
  const std::string& ca_pem() const;

  /// Answers until stop(), which may have come first. Blocks; once only.
  void run();

  /// Ends run() soon, without waiting for it; requests under way are not answered. Not for use in a signal handler:
  /// it takes a lock.
  void stop() noexcept;

  /// Requests received so far.
  std::uint64_t requests() const;

  /// As many as were under way at a time at most: received, and not answered yet.
  std::size_t most_at_once() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// An origin that runs on a thread of its own for as long as this object lives.
class BackgroundOrigin {
 public:
  explicit BackgroundOrigin(OriginOptions options = {});
  ~BackgroundOrigin();
  BackgroundOrigin(const BackgroundOrigin&) = delete;
  BackgroundOrigin& operator=(const BackgroundOrigin&) = delete;

  std::uint16_t port() const { return origin_.port(); }
  std::string url(std::string_view path = {}) const { return origin_.url().append(path); }
  const std::string& ca_pem() const { return origin_.ca_pem(); }
  std::uint64_t requests() const { return origin_.requests(); }
  std::size_t most_at_once() const { return origin_.most_at_once(); }

 private:
  Origin origin_;
  std::thread thread_;
};

}  // namespace overlap::serve
