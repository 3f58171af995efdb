#pragma once
/// A server on a real socket that says exactly what a test tells it to say, right or wrong.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace overlap::test {

class RawServer;

/// One connection to a RawServer, in the hands of its script. Every call ends at the latest when the server does.
class RawConnection {
 public:
  RawConnection(RawServer& server, int socket) : server_(server), socket_(socket) {}
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// The next request, head and body, as it came, which is also recorded; nothing at the end of the connection.
  std::optional<std::string> read_request() {
    std::size_t end = std::string::npos;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return std::nullopt;
    }
    const std::size_t size = end + 4 + content_length(input_.substr(0, end));
    while (input_.size() < size) {
      if (!read_some()) return std::nullopt;
    }
    std::string request = input_.substr(0, size);
    input_.erase(0, size);
    record(request);
    return request;
  }

  /// False when the client has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Says nothing more, and waits until the client has closed the connection.
  void wait_for_close() {
    while (read_some()) {
    }
  }

  /// What the script does not close is closed in good order when it returns; this is a reset instead.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  static std::size_t content_length(std::string head) {
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string name = "\r\ncontent-length:";
    const std::size_t at = head.find(name);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
  }

  bool read_some() {
    char block[16384];
    const ssize_t got = recv(socket_, block, sizeof block, 0);
    if (got <= 0) return false;
    input_.append(block, static_cast<std::size_t>(got));
    return true;
  }

  void record(const std::string& request);

  RawServer& server_;
  int socket_;
  std::string input_;
};

/// Serves each connection on a thread of its own by a script. Its destructor cuts the connections and waits for them.
class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  explicit RawServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || bind(listener_, generic, size) != 0 || listen(listener_, 1024) != 0 ||
        getsockname(listener_, generic, &size) != 0)
      throw std::system_error(errno, std::generic_category(), "RawServer");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  /// The same answer to every request, after which the connection is closed.
  explicit RawServer(std::string answer)
      : RawServer([text = std::move(answer)](RawConnection& connection) {
          if (connection.read_request()) connection.send(text);
        }) {}

  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int open : open_) shutdown(open, SHUT_RDWR);
    }
    threads_.clear();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path = "/") const { return "http://" + authority() + path; }

  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  /// Blocks until so many requests have come.
  void wait_for_requests(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }

 private:
  friend class RawConnection;

  void record(const std::string& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
  }

  void accept_all() {
    while (true) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      ++connections_;
      open_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    RawConnection connection(*this, socket);
    script_(connection);
    const std::lock_guard lock(mutex_);
    open_.remove(socket);
    close(socket);
  }

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::size_t connections_ = 0;
  std::list<int> open_;
  std::list<std::jthread> threads_;
  std::thread acceptor_;
};

inline void RawConnection::record(const std::string& request) { server_.record(request); }

}  // namespace overlap::test
