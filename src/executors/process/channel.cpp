#include "executors/process/channel.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <overlap/core/detail/trace_point.hpp>

namespace overlap::detail {
namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// Sends what follows the first `sent` bytes of header and payload, in one call. The count of sendmsg(2), or -1.
ssize_t send_rest(int fd, const FrameHeader& header, std::string_view payload, std::size_t sent, int flags) {
  std::array<iovec, 2> parts{};
  std::size_t count = 0;
  const auto add = [&](const char* data, std::size_t size) {
    if (size != 0) parts[count++] = {const_cast<char*>(data), size};
  };
  const std::size_t of_header = std::min(sent, sizeof header);
  add(reinterpret_cast<const char*>(&header) + of_header, sizeof header - of_header);
  add(payload.data() + (sent - of_header), payload.size() - (sent - of_header));

  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  ssize_t result = 0;
  do {
    result = ::sendmsg(fd, &message, flags | MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  return result;
}

ssize_t receive_some(int fd, std::span<char> into, int flags) {
  ssize_t result = 0;
  do {
    result = ::recv(fd, into.data(), into.size(), flags);
  } while (result < 0 && errno == EINTR);
  return result;
}

/// Hands what was received into direct() or into scratch to the parser.
void parse(FrameParser& parser, bool direct, std::span<const char> received, std::vector<Frame>& frames) {
  if (direct) {
    parser.received_directly(received.size(), frames);
  } else {
    parser.feed(received, frames);
  }
}

}  // namespace

SharedPage::SharedPage(int fd) {
  void* const memory = ::mmap(nullptr, sizeof(Contents), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) throw_errno("mmap");
  contents_ = static_cast<Contents*>(memory);  // zeros are an atomic of value zero
}

SharedPage::~SharedPage() {
  if (contents_ != nullptr) ::munmap(contents_, sizeof(Contents));
}

std::pair<Channel, Channel::WorkerEnd> Channel::open() {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) throw_errno("socketpair");
  UniqueFd ours(sockets[0]);
  UniqueFd workers(sockets[1]);
  UniqueFd page(::memfd_create("overlap-worker", MFD_CLOEXEC));
  if (!page || ::ftruncate(page.get(), sizeof(SharedPage::Contents)) != 0) throw_errno("memfd_create");
  SharedPage mapped(page.get());
  return {Channel(std::move(ours), std::move(mapped)), WorkerEnd{std::move(workers), std::move(page)}};
}

void Channel::send(const FrameHeader& header, Payload payload) {
  if (ended_) return;
  unsent_.push_back({header, std::move(payload)});
  unsent_.back().header.length = unsent_.back().payload->size();
  flush();
}

void Channel::flush() {
  while (!unsent_.empty()) {
    Unsent& first = unsent_.front();
    const ssize_t count = send_rest(fd(), first.header, *first.payload, first.sent, MSG_DONTWAIT);
    if (count < 0) {
      if (errno != EAGAIN) end_sending();  // nobody will read it
      return;
    }
    first.sent += static_cast<std::size_t>(count);
    if (first.sent == sizeof first.header + first.payload->size()) unsent_.pop_front();
  }
}

void Channel::end_sending() {
  if (ended_) return;
  ended_ = true;
  unsent_.clear();
  // Not close(): a child that the program forked may hold a copy of the descriptor.
  ::shutdown(fd(), SHUT_WR);
}

Channel::Received Channel::receive(std::span<char> scratch, std::vector<Frame>& frames) {
  const std::span<char> direct = parser_.direct();
  const std::span<char> into = direct.empty() ? scratch : direct;
  const ssize_t count = receive_some(fd(), into, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return Received::nothing;
  if (count <= 0) return Received::end;
  parse(parser_, !direct.empty(), into.first(static_cast<std::size_t>(count)), frames);
  return Received::some;
}

bool Channel::has_begun(std::uint64_t task) const noexcept {
  // acquire: pairs with the release in WorkerChannel::begin().
  return (*page_).begun.load(std::memory_order_acquire) == task;
}

WorkerChannel::WorkerChannel(Channel::WorkerEnd end)
    : socket_(std::move(end.socket)), page_(end.page.get()), scratch_(std::size_t{64} << 10) {}

std::optional<Frame> WorkerChannel::receive() {
  while (next_ == frames_.size()) {
    frames_.clear();
    next_ = 0;
    const std::span<char> direct = parser_.direct();
    const std::span<char> into = direct.empty() ? std::span<char>(scratch_) : direct;
    const ssize_t count = receive_some(socket_.get(), into, direct.empty() ? 0 : MSG_WAITALL);
    if (count <= 0) return std::nullopt;
    parse(parser_, !direct.empty(), into.first(static_cast<std::size_t>(count)), frames_);
  }
  return std::move(frames_[next_++]);
}

bool WorkerChannel::send(const FrameHeader& header, std::string_view payload) {
  FrameHeader whole = header;
  whole.length = payload.size();
  std::size_t sent = 0;
  while (sent < sizeof whole + payload.size()) {
    const ssize_t count = send_rest(socket_.get(), whole, payload, sent, 0);
    if (count < 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

void WorkerChannel::begin(std::uint64_t task) noexcept {
  (*page_).begun_at.store(trace_now(), std::memory_order_relaxed);
  (*page_).begun.store(task, std::memory_order_release);
}

}  // namespace overlap::detail
