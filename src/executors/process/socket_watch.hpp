#pragma once
/// From a socket that becomes ready to the ring of a bell.

#include <atomic>
#include <thread>

#include "executors/process/bell.hpp"
#include "executors/process/unique_fd.hpp"

namespace overlap::detail {

/// A thread that waits for one socket, so that who sleeps on a bell hears of that too: nobody can wait for a futex and
/// a descriptor at once. It tells once and then not again before arm().
class SocketWatch {
 public:
  /// `socket` and `bell` outlive it. Not armed. Throws std::system_error.
  SocketWatch(int socket, Bell& bell);
  ~SocketWatch() { stop(); }
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  /// Tells from now on when the socket can be read or is at its end, or, if asked, takes more. Any thread.
  void arm(bool write) noexcept;
  /// Whether it has told since the last take_news().
  bool take_news() noexcept { return news_.load(std::memory_order_relaxed) && news_.exchange(false); }
  /// Ends the thread and waits for that. One thread calls it.
  void stop() noexcept;

 private:
  void run() noexcept;

  const int socket_;
  Bell& bell_;
  UniqueFd epoll_;
  UniqueFd stop_;
  std::atomic<bool> news_{false};  // set before bell_ is rung, which orders it
  std::thread thread_;
};

}  // namespace overlap::detail
