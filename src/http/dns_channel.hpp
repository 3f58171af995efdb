#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <overlap/async/loop.hpp>
#include <overlap/core/time.hpp>

#include "http/address_cache.hpp"
#include "http/socket_set.hpp"

namespace overlap::http::detail {

struct DnsOptions {
  std::vector<std::string> servers;  ///< "address[:port]"; empty: as /etc/resolv.conf says
  int family = AF_UNSPEC;
  Duration timeout = std::chrono::seconds(2);  ///< for the first answer of a server; it doubles with each round
  int tries = 3;                               ///< for each server
};

struct DnsAnswer {
  enum class Outcome : std::uint8_t {
    found,
    no_such_name,  ///< or one without an address: asking again gives the same
    failed,        ///< the servers did not answer, or could not
  };
  Outcome outcome = Outcome::failed;
  Addresses addresses{};  ///< the best to try first
  Duration ttl{};         ///< of what was found
  std::string why{};      ///< of what was not
};

/// Lookups by c-ares, as many at once as are asked for, on one loop and without a thread. /etc/hosts comes first, then
/// the name servers.
///
/// All on the loop's thread. Shared with the handlers that it has in the loop, so it is made by make_shared().
class DnsChannel final : public std::enable_shared_from_this<DnsChannel> {
 public:
  /// Whom a lookup was made for.
  class Asker {
   public:
    virtual ~Asker() = default;
    /// Perhaps before ask() returns. May call ask(), and must not close or destroy the channel.
    virtual void answered(DnsAnswer answer) noexcept = 0;
  };

  /// Throws std::runtime_error when c-ares cannot be set up: with servers that are none, say.
  DnsChannel(Loop& loop, const DnsOptions& options);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  /// The asker is answered once, or never if the channel is closed before; it must live until then.
  void ask(const std::string& host, Asker& asker);
  /// Forgets all lookups.
  void close() noexcept;

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  void watch();
  void serve_sockets();
  void arm();
  void on_timer();

  static void on_answer(void* asker, int status, int timeouts, ares_addrinfo* found);
  static void on_socket(void* self, ares_socket_t socket, int readable, int writable);

  const int family_;
  SocketSet sockets_;
  boost::asio::posix::basic_stream_descriptor<Executor> watched_;  // the descriptor of sockets_
  Timer timer_;
  ares_channel channel_ = nullptr;
  bool watching_ = false;
  bool armed_ = false;
};

}  // namespace overlap::http::detail
