// How an origin ends:
//   1. stop() tells every loop to return once the handler at hand has; run() joins its threads and returns.
//   2. ~Site joins the thread that makes pictures; the connections waiting for one are let go.
//   3. Each loop destroys the operations under way, each of which owns its connection, which closes its socket.
#include "serve/origin.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <system_error>
#include <vector>

#include "serve/connection.hpp"
#include "serve/responder.hpp"
#include "serve/tls.hpp"

namespace overlap::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

OriginOptions checked(OriginOptions options) {
  if (options.latency.count() < 0 || options.jitter.count() < 0) throw std::invalid_argument("negative latency");
  if (!(options.fault_rate >= 0 && options.fault_rate <= 1)) throw std::invalid_argument("fault rate outside 0 to 1");
  if (options.at_once > 0 && options.latency.count() == 0)
    throw std::invalid_argument("so many at once, but without a latency");
  if (options.threads < 1) throw std::invalid_argument("fewer than one thread");
  return options;
}

/// One thread's loop and what belongs to it.
struct Shard {
  explicit Shard(Site& site) : responder(site) {}

  // One thread runs it, so its queue needs no signalling; its locks stay, since other threads post to it.
  asio::io_context loop{1};
  asio::executor_work_guard<LoopExecutor> work{loop.get_executor()};
  Responder responder;

  void run() {
    for (;;) {
      try {
        loop.run();
        return;
      } catch (const std::exception&) {
        // Out of memory, most likely: the connection whose handler threw is gone, the others go on.
      }
    }
  }
};

struct Listener {
  explicit Listener(LoopExecutor loop) : acceptor(loop), retry_timer(loop) {}

  asio::basic_socket_acceptor<tcp, LoopExecutor> acceptor;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, LoopExecutor>
      retry_timer;
};

}  // namespace

class Origin::Impl {
 public:
  explicit Impl(OriginOptions options)
      : options_(checked(std::move(options))),
        site_(std::make_unique<Site>(options_, attendance_)),
        shards_(make_shards(*site_, options_.threads)),
        listener_(std::make_unique<Listener>(shards_[0]->loop.get_executor())) {
    if (options_.tls) {
      Certificates certificates = load_certificates(*options_.tls, options_.bind);
      tls_.emplace(make_tls_context(certificates));
      ca_pem_ = std::move(certificates.ca);
    }
    listen();
    accept();
  }

  ~Impl() {
    site_.reset();
    listener_.reset();
    for (auto& shard : shards_) shard.reset();  // the first first: its accept may hold a socket of any other
  }

  void run();
  void stop() noexcept {
    for (const auto& shard : shards_) shard->loop.stop();
  }

  std::uint16_t port() const { return port_; }
  std::string url() const;
  const std::string& ca_pem() const { return ca_pem_; }
  std::uint64_t requests() const { return site_->requests.load(std::memory_order_relaxed); }
  std::size_t most_at_once() const { return attendance_.most(); }

 private:
  static std::vector<std::unique_ptr<Shard>> make_shards(Site& site, int count);

  void listen();
  void accept();
  void open(Socket socket, Shard& shard);

  const OriginOptions options_;
  Attendance attendance_;
  std::unique_ptr<Site> site_;
  std::optional<asio::ssl::context> tls_;
  std::string ca_pem_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Listener> listener_;
  std::uint16_t port_ = 0;
  std::size_t next_shard_ = 0;
};

std::vector<std::unique_ptr<Shard>> Origin::Impl::make_shards(Site& site, int count) {
  std::vector<std::unique_ptr<Shard>> shards;
  for (int i = 0; i < count; ++i) shards.push_back(std::make_unique<Shard>(site));
  return shards;
}

void Origin::Impl::listen() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options_.bind, error);
  auto& acceptor = listener_->acceptor;
  const tcp::endpoint endpoint(address, options_.port);
  // The address of an origin that has ended can be had again at once; one that is being listened on cannot.
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  // A program that is started meanwhile must not listen on after this one has stopped. Asio leaves that open.
  if (!error && fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC) != 0)
    error.assign(errno, boost::system::system_category());
  if (error) throw std::system_error(error, fmt::format("cannot listen on {} port {}", options_.bind, options_.port));
  port_ = acceptor.local_endpoint().port();
}

/// One acceptor for all threads, which get connections in turn. A listener a thread (SO_REUSEPORT) would let a second
/// origin share the port without a word.
void Origin::Impl::accept() {
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  listener_->acceptor.async_accept(shard.loop, [this, &shard](const boost::system::error_code& error, Socket socket) {
    if (!error) {
      accept();  // first: should the rest throw for want of memory, the next is accepted all the same
      return open(std::move(socket), shard);
    }
    // Out of descriptors: connections wait in the kernel's queue until some are free.
    listener_->retry_timer.expires_after(std::chrono::milliseconds(20));
    listener_->retry_timer.async_wait([this](const boost::system::error_code& aborted) {
      if (!aborted) accept();
    });
  });
}

void Origin::Impl::open(Socket socket, Shard& shard) {
  const auto start_on_loop = [&shard](auto connection) {
    asio::dispatch(shard.loop, [connection = std::move(connection)] { connection->start(); });
  };
  if (tls_) {
    start_on_loop(std::make_shared<Connection<TlsStream>>(TlsStream(std::move(socket), *tls_), shard.responder));
  } else {
    start_on_loop(std::make_shared<Connection<Socket>>(std::move(socket), shard.responder));
  }
}

void Origin::Impl::run() {
  std::vector<std::thread> threads;
  const auto join = [&threads] {
    for (std::thread& thread : threads) thread.join();
  };
  try {
    for (std::size_t i = 1; i < shards_.size(); ++i) threads.emplace_back([&shard = *shards_[i]] { shard.run(); });
  } catch (...) {
    stop();
    join();
    throw;
  }
  shards_[0]->run();
  join();
}

std::string Origin::Impl::url() const {
  const bool is_v6 = options_.bind.contains(':');
  return fmt::format("{}://{}{}{}:{}", tls_ ? "https" : "http", is_v6 ? "[" : "", options_.bind, is_v6 ? "]" : "",
                     port_);
}

Origin::Origin(OriginOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Origin::~Origin() = default;
std::uint16_t Origin::port() const { return impl_->port(); }
std::string Origin::url() const { return impl_->url(); }
const std::string& Origin::ca_pem() const { return impl_->ca_pem(); }
void Origin::run() { impl_->run(); }
void Origin::stop() noexcept { impl_->stop(); }
std::uint64_t Origin::requests() const { return impl_->requests(); }
std::size_t Origin::most_at_once() const { return impl_->most_at_once(); }

BackgroundOrigin::BackgroundOrigin(OriginOptions options)
    : origin_(std::move(options)), thread_([this] { origin_.run(); }) {}

BackgroundOrigin::~BackgroundOrigin() {
  origin_.stop();
  thread_.join();
}

}  // namespace overlap::serve
