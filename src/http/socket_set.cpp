#include "http/socket_set.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace overlap::http::detail {
namespace {

constexpr std::size_t kBatch = 128;  // sockets served before other handlers of the loop get their turn

bool covers(SocketSet::Interest interest, SocketSet::Interest what) noexcept {
  return (static_cast<unsigned>(interest) & static_cast<unsigned>(what)) != 0;
}

std::uint32_t to_events(SocketSet::Interest interest) noexcept {
  std::uint32_t events = 0;
  if (covers(interest, SocketSet::Interest::read)) events |= EPOLLIN | EPOLLRDHUP;
  if (covers(interest, SocketSet::Interest::write)) events |= EPOLLOUT;
  return events;
}

}  // namespace

SocketSet::SocketSet() : epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(kBatch) {
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  ready_.reserve(kBatch);
}

SocketSet::~SocketSet() { close(epoll_); }

SocketSet::State& SocketSet::state(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= states_.size()) states_.resize(index + index / 2 + 16);
  return states_[index];
}

void SocketSet::watch(int socket, State& state, Interest interest) noexcept {
  if (state.watched == interest) return;
  epoll_event event{};
  event.events = to_events(interest);
  event.data.fd = socket;
  int operation = EPOLL_CTL_MOD;
  if (interest == Interest::none) operation = EPOLL_CTL_DEL;
  if (state.watched == Interest::none) operation = EPOLL_CTL_ADD;
  // A socket that was closed behind our back and whose number was given out again is not where we think it is.
  if (epoll_ctl(epoll_, operation, socket, &event) != 0) {
    if (operation == EPOLL_CTL_ADD && errno == EEXIST) epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
    if (operation == EPOLL_CTL_MOD && errno == ENOENT) epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  state.watched = interest;
}

void SocketSet::keep(int socket) { state(socket) = {.kept = true}; }

void SocketSet::want(int socket, Interest interest) {
  State& mine = state(socket);
  mine.wanted = interest;
  if (interest == Interest::none && mine.kept) return;
  watch(socket, mine, interest);
}

void SocketSet::closing(int socket) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  if (index < states_.size()) states_[index] = {};  // closing takes it out of epoll
}

std::span<const SocketSet::Ready> SocketSet::ready() {
  ready_.clear();
  const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    State& mine = state(event.data.fd);
    if (mine.wanted == Interest::none) {
      watch(event.data.fd, mine, Interest::none);
      continue;
    }
    ready_.push_back({.socket = event.data.fd,
                      .readable = (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0,
                      .writable = (event.events & EPOLLOUT) != 0,
                      .failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0});
  }
  return ready_;
}

bool SocketSet::is_wanted_to_write(int socket) const noexcept {
  const auto index = static_cast<std::size_t>(socket);
  return index < states_.size() && states_[index].wanted == Interest::write;
}

bool SocketSet::is_wanted(int socket) const noexcept {
  const auto index = static_cast<std::size_t>(socket);
  return index < states_.size() && states_[index].wanted != Interest::none;
}

}  // namespace overlap::http::detail
