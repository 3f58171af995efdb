#pragma once
/// An address that never answers who connects to it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace overlap::test {

/// 127.0.0.2 at a port of choice: a socket that listens there, and has all the connections that it takes.
class DeafAddress {
 public:
  explicit DeafAddress(std::uint16_t port) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.2", &address_.sin_addr);
    bind(listener_, generic(), sizeof address_);
    listen(listener_, 0);
    for (int& client : clients_) {
      client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      connect(client, generic(), sizeof address_);
    }
  }
  ~DeafAddress() {
    for (const int client : clients_) close(client);
    close(listener_);
  }
  DeafAddress(const DeafAddress&) = delete;
  DeafAddress& operator=(const DeafAddress&) = delete;

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  sockaddr_in address_{};
  int listener_;
  std::array<int, 4> clients_{};
};

}  // namespace overlap::test
