#include "executors/process/socket_watch.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace overlap::detail {
namespace {

void add(int epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

SocketWatch::SocketWatch(int socket, Bell& bell)
    : socket_(socket),
      bell_(bell),
      epoll_(take_fd(::epoll_create1(EPOLL_CLOEXEC))),
      stop_(take_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  if (!epoll_ || !stop_) throw std::system_error(errno, std::generic_category(), "epoll_create1, eventfd");
  add(epoll_.get(), stop_.get(), EPOLLIN);
  add(epoll_.get(), socket_, EPOLLONESHOT);
  thread_ = std::thread([this] { run(); });
}

void SocketWatch::arm(bool write) noexcept {
  epoll_event event{};
  event.events = EPOLLONESHOT | EPOLLIN | (write ? EPOLLOUT : 0U);
  event.data.fd = socket_;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket_, &event);
}

void SocketWatch::stop() noexcept {
  if (!thread_.joinable()) return;
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void SocketWatch::run() noexcept {
  ::pthread_setname_np(::pthread_self(), "overlap_watch");
  while (true) {
    epoll_event event{};
    const int count = ::epoll_wait(epoll_.get(), &event, 1, -1);
    if (count < 0 && errno != EINTR) return;  // cannot happen: the descriptor is our own
    if (count <= 0) continue;
    if (event.data.fd == stop_.get()) return;
    news_.store(true);
    bell_.ring();
  }
}

}  // namespace overlap::detail
