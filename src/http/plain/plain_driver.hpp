#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <overlap/core/time.hpp>
#include <overlap/http/request.hpp>
#include <overlap/http/session_options.hpp>

#include "http/plain/exchange.hpp"
#include "http/plain/idle_connections.hpp"
#include "http/plain/socket_address.hpp"
#include "http/socket_set.hpp"

namespace overlap::http::detail {

/// Carries out requests over plain HTTP/1.1 on sockets of its own: a send, a receive and a share of a wait for each.
/// libcurl has everything else (docs/decisions/0029).
///
/// Passive: its engine asks the loop to tell when descriptor() is readable and when wake_up() has come, and calls.
/// Sinks are called from within serve() and run_timeouts() alone, during which nothing else may be called.
class PlainDriver {
 public:
  explicit PlainDriver(const SessionOptions& options);
  ~PlainDriver();
  PlainDriver(const PlainDriver&) = delete;
  PlainDriver& operator=(const PlainDriver&) = delete;

  /// Whether it can carry out this request, unless a proxy is to be asked. `request` has been checked. Where the host
  /// is a name, its Hop must have the addresses.
  bool serves(const Request& request) const;

  /// Begins a prepared exchange; `owner` is given back by take_ended(). It may have ended at once.
  void start(Exchange& exchange, void* owner);
  /// Forgets an exchange that has not been given by take_ended(), and closes its connection.
  void stop(Exchange& exchange) noexcept;
  /// Closes all connections; the exchanges under way are forgotten.
  void close() noexcept;

  int descriptor() const noexcept { return sockets_.descriptor(); }
  void serve();
  void run_timeouts(TimePoint now);
  /// When run_timeouts() is to be called; the maximum: never.
  TimePoint wake_up() const noexcept { return wake_up_; }

  bool has_ended() const noexcept { return !ended_.empty(); }
  /// The owner of one that has ended; null if there is none (any more).
  void* take_ended();

  /// Connections opened.
  std::uint64_t connections() const noexcept { return connections_; }
  void keep_at_most(std::size_t connections) noexcept { kept_connections_ = connections; }

 private:
  using Progress = Exchange::Progress;

  void add(Exchange& exchange);
  void remove(Exchange& exchange) noexcept;
  void ended(Exchange& exchange, Progress progress) noexcept;
  void check_by(TimePoint when) noexcept;

  // To a connection.
  void begin(Exchange& exchange);
  std::vector<SocketAddress> addresses_of(const Exchange& exchange) const;
  void connect_next(Exchange& exchange, TimePoint now);
  int open(Exchange& exchange, const SocketAddress& address);
  void on_connecting(Exchange& exchange, int socket);
  void connected(Exchange& exchange, int socket);
  void no_connection(Exchange& exchange);
  void close_attempts(Exchange& exchange) noexcept;

  // On it.
  void send(Exchange& exchange);
  void receive(Exchange& exchange);
  void pause(Exchange& exchange, TimePoint until);
  void end_pauses();
  void connection_ended(Exchange& exchange, int error);
  void release(Exchange& exchange, bool keep) noexcept;
  void drop_idle(int socket) noexcept;
  void trim_idle(TimePoint now) noexcept;
  void close_socket(int socket) noexcept;
  struct Link {
    Exchange* user = nullptr;  // null: idle, or none of ours
    std::string remote;
  };
  Link& link(int socket);

  const SessionOptions& options_;
  SocketSet sockets_;
  IdleConnections idle_;
  std::vector<Link> links_;  // by socket: the kernel gives out small numbers
  std::vector<Exchange*> active_;
  std::vector<Exchange*> ended_;
  std::vector<Exchange*> paused_;  // the one that has waited longest first
  std::vector<std::byte> buffer_;
  TimePoint wake_up_ = TimePoint::max();
  std::size_t kept_connections_ = 16;
  std::uint64_t connections_ = 0;
};

}  // namespace overlap::http::detail
