#pragma once
/// A server that costs next to nothing, in a process of its own: every request is answered by the same 1 KiB.

#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace overlap::bench {

class Origin {
 public:
  /// Before the process has threads. OVERLAP_BENCH_URL names another server to use instead.
  Origin() {
    if (const char* const url = getenv("OVERLAP_BENCH_URL")) {
      url_ = url;
      return;
    }
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, size) != 0 || listen(listener, 1024) != 0 || getsockname(listener, generic, &size) != 0)
      throw std::system_error(errno, std::generic_category(), "origin");
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/1k";
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      serve(listener);
    }
    close(listener);
  }
  ~Origin() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  const std::string& url() const { return url_; }

 private:
  [[noreturn]] static void serve(int listener) {
    // The headers that nginx sends with a small file.
    const std::string answer =
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n"
        "Last-Modified: Fri, 20 Nov 2026 00:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"655a0000-400\"\r\n"
        "Accept-Ranges: bytes\r\n\r\n" +
        std::string(1024, 'x');
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, listener);
    std::array<epoll_event, 256> events;
    while (true) {
      const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (socket == listener) {
          watch(epoll, accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        } else if (!answer_requests(socket, answer)) {
          close(socket);
        }
      }
    }
  }

  static void watch(int epoll, int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }

  // A client sends one request at a time, in one piece.
  static bool answer_requests(int socket, std::string_view answer) {
    std::array<char, 4096> request;
    const ssize_t got = recv(socket, request.data(), request.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    return send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
  }

  std::string url_;
  pid_t process_ = -1;
};

}  // namespace overlap::bench
