#include "get/beacon.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace overlap::get {
namespace {

constexpr std::size_t kMost = 3;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: it could not be read
};

SocketAddress parse(const std::string& text) {
  SocketAddress address;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return address;
  std::uint16_t port = 0;
  if (std::from_chars(text.data() + colon + 1, text.data() + text.size(), port).ec != std::errc{}) return address;
  const bool is_v6 = text.starts_with('[') && text[colon - 1] == ']';
  if (is_v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (inet_pton(AF_INET6, text.substr(1, colon - 2).c_str(), &v6.sin6_addr) != 1) return address;
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
    return address;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &v4.sin_addr) != 1) return address;
  std::memcpy(&address.storage, &v4, sizeof v4);
  address.size = sizeof v4;
  return address;
}

}  // namespace

void Beacon::remember(const std::string& address) {
  if (address.empty() || std::ranges::find(addresses_, address) != addresses_.end()) return;
  addresses_.push_back(address);
  if (addresses_.size() > kMost) addresses_.pop_front();
}

bool Beacon::light() {
  put_out();
  if (addresses_.empty()) return false;
  std::rotate(addresses_.begin(), addresses_.begin() + 1, addresses_.end());
  const SocketAddress address = parse(addresses_.front());
  if (address.size == 0) return false;
  FileDescriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!socket.is_open()) return false;
  if (::connect(socket.get(), generic, address.size) != 0 && errno != EINPROGRESS) return false;
  socket_ = std::move(socket);
  return true;
}

bool Beacon::is_seen() {
  int error = 0;
  socklen_t size = sizeof error;
  const bool seen =
      socket_.is_open() && getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  put_out();
  return seen;
}

}  // namespace overlap::get
