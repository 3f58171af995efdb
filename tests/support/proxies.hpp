#pragma once
/// Real proxies for one test, each on a port of its own and ended with the test: tinyproxy (HTTP) and microsocks
/// (SOCKS).

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/program.hpp"

namespace overlap::test {

/// A port of 127.0.0.1 that was free a moment ago.
inline std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (probe < 0 || bind(probe, generic, size) != 0 || getsockname(probe, generic, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "free_port");
  close(probe);
  return ntohs(address.sin_port);
}

/// Blocks until somebody listens there.
inline void wait_for_listener(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (bool connected = false; !connected; std::this_thread::yield()) {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(probe);
  }
}

/// An HTTP proxy that names itself in a Via header.
class HttpProxy {
 public:
  static bool is_installed() { return access(kProgram, X_OK) == 0; }

  /// `settings`: more lines for its configuration.
  explicit HttpProxy(const std::string& settings = "") : port_(free_port()) {
    files_.write("conf", "Port " + std::to_string(port_) +
                             "\nListen 127.0.0.1\nTimeout 60\nMaxClients 200\nViaProxyName \"a-proxy\"\n" + settings);
    process_ = std::make_unique<testing_support::Program>(
        std::vector<std::string>{"/usr/bin/setpriv", "--pdeathsig", "TERM", kProgram, "-d", "-c", files_.file("conf")});
    wait_for_listener(port_);
  }

  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + authority(); }

 private:
  static constexpr const char* kProgram = "/usr/bin/tinyproxy";

  const std::uint16_t port_;
  testing_support::TemporaryDirectory files_;
  std::unique_ptr<testing_support::Program> process_;
};

class SocksProxy {
 public:
  static bool is_installed() { return access(kProgram, X_OK) == 0; }

  SocksProxy() : port_(free_port()) {
    process_ = std::make_unique<testing_support::Program>(std::vector<std::string>{
        "/usr/bin/setpriv", "--pdeathsig", "TERM", kProgram, "-i", "127.0.0.1", "-p", std::to_string(port_)});
    wait_for_listener(port_);
  }

  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Blocks until it says that it has connected there. It says so on standard error.
  bool has_connected_to(const std::string& target) const { return process_->wait_for_error("connected to " + target); }

 private:
  static constexpr const char* kProgram = "/usr/bin/microsocks";

  const std::uint16_t port_;
  std::unique_ptr<testing_support::Program> process_;
};

}  // namespace overlap::test
