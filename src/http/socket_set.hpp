#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <vector>

namespace overlap::http::detail {

/// The sockets of one session in an epoll instance of their own, which is itself a descriptor that becomes readable
/// when one of them is ready. So the loop watches one descriptor however many sockets there are, and wakes once for
/// all that are ready.
///
/// libcurl takes a socket out when a request ends and puts it back when the next one begins on the same connection. A
/// kept socket stays in epoll in between, which saves both system calls; it is taken out when it turns out to be ready
/// while nobody wants it (the server has closed it, mostly).
class SocketSet {
 public:
  enum class Interest : std::uint8_t { none = 0, read = 1, write = 2, both = 3 };

  /// Throws std::system_error when out of descriptors.
  SocketSet();
  ~SocketSet();
  SocketSet(const SocketSet&) = delete;
  SocketSet& operator=(const SocketSet&) = delete;

  int descriptor() const noexcept { return epoll_; }

  /// The socket will be closed with closing(): only then may it stay in epoll unwanted.
  void keep(int socket);
  void want(int socket, Interest interest);
  /// To be called before a kept socket is closed.
  void closing(int socket) noexcept;

  struct Ready {
    int socket;
    bool readable;
    bool writable;
    bool failed;
  };
  /// What is ready now; never blocks. Valid until the next call.
  std::span<const Ready> ready();
  /// Wanted, and for nothing but to be written to.
  bool is_wanted_to_write(int socket) const noexcept;
  /// False for what ready() gave when it has gone since.
  bool is_wanted(int socket) const noexcept;

 private:
  struct State {
    Interest wanted = Interest::none;
    Interest watched = Interest::none;  ///< in epoll; none: not there
    bool kept = false;
  };
  State& state(int socket);
  void watch(int socket, State& state, Interest interest) noexcept;

  int epoll_;
  std::vector<State> states_;  // by socket: the kernel gives out small numbers
  std::vector<epoll_event> events_;
  std::vector<Ready> ready_;
};

}  // namespace overlap::http::detail
