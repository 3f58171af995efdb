// The way of an exchange:
//   1. start(): over an idle connection of its origin the request is sent at once; else connecting begins.
//   2. serve(): a socket is ready. Connecting: the first attempt that succeeds carries the request, the others are
//      closed. Sending: more of the request goes out. Else the response is read, as far as it has come.
//   3. ended(): its connection is kept or closed, and its owner waits in ended_ to be taken.
// A connection that is used again may turn out to have been closed: as long as no byte has come back, a request that
// may be repeated goes once more over a new one (RFC 9112, 9.3.1).

#include "http/plain/plain_driver.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "http/bandwidth_limit.hpp"

namespace overlap::http::detail {
namespace {

constexpr int kReadsATurn = 4;                           // of one connection, before others get theirs
constexpr auto kIdleAtMost = std::chrono::seconds(118);  // servers mostly close after 60 or 120 s, and so does libcurl

}  // namespace

PlainDriver::~PlainDriver() { close(); }

PlainDriver::Link& PlainDriver::link(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= links_.size()) links_.resize(index + index / 2 + 16);
  return links_[index];
}

// ---- Exchanges

void PlainDriver::start(Exchange& exchange, void* owner) {
  const TimePoint now = Clock::now();
  const Limits& limits = exchange.request().limits;
  const auto after = [](Duration limit) { return limit > Duration::zero() ? deadline_after(limit) : TimePoint::max(); };
  exchange.owner_ = owner;
  exchange.began_ = now;
  exchange.done_by_ = after(exchange.hop().time_left);
  const bool connects_in_time = limits.connect_timeout > Duration::zero();
  exchange.connect_by_ =
      connects_in_time ? deadline_after(limits.connect_timeout - exchange.hop().lookup) : TimePoint::max();
  add(exchange);
  const auto idle = idle_.take(exchange.target().authority);
  exchange.is_reused_ = idle.has_value();
  if (idle) {
    exchange.timings_.reused = true;
    link(*idle).user = &exchange;
    connected(exchange, *idle);
  } else {
    begin(exchange);
  }
}

void PlainDriver::add(Exchange& exchange) {
  exchange.index_ = active_.size();
  active_.push_back(&exchange);
  ended_.reserve(active_.size());  // so that an end, or a pause, needs no memory
  paused_.reserve(active_.size());
}

void PlainDriver::remove(Exchange& exchange) noexcept {
  if (std::exchange(exchange.is_paused_, false)) std::erase(paused_, &exchange);
  active_[exchange.index_] = active_.back();
  active_[exchange.index_]->index_ = exchange.index_;
  active_.pop_back();
}

void PlainDriver::ended(Exchange& exchange, Progress progress) noexcept {
  exchange.timings_.total = Clock::now() - exchange.began_;
  const bool is_sent = exchange.sent_ == exchange.text_.size();
  close_attempts(exchange);
  release(exchange, progress == Progress::complete && is_sent && exchange.keeps_connection());
  remove(exchange);
  ended_.push_back(&exchange);
}

void* PlainDriver::take_ended() {
  if (ended_.empty()) return nullptr;
  Exchange* const exchange = ended_.back();
  ended_.pop_back();
  return exchange->owner_;
}

void PlainDriver::stop(Exchange& exchange) noexcept {
  if (std::erase(ended_, &exchange) != 0) return;
  close_attempts(exchange);
  release(exchange, false);
  remove(exchange);
}

void PlainDriver::close() noexcept {
  while (!active_.empty()) stop(*active_.back());
  while (const auto idle = idle_.surplus(0, TimePoint::max())) drop_idle(*idle);
}

// ---- On a connection

void PlainDriver::connected(Exchange& exchange, int socket) {
  exchange.socket_ = socket;
  exchange.remote_ = link(socket).remote;
  const TimePoint now = exchange.is_reused_ ? exchange.began_ : Clock::now();
  exchange.slow_since_ = exchange.second_began_ = now;
  if (!exchange.is_reused_) exchange.timings_.connect = now - exchange.began_;
  check_by(exchange.next_check(now));
  send(exchange);
}

void PlainDriver::send(Exchange& exchange) {
  const std::string_view text = exchange.text_;
  const bool is_paused = exchange.is_paused_;
  while (exchange.sent_ < text.size()) {
    const ssize_t sent =
        ::send(exchange.socket_, text.data() + exchange.sent_, text.size() - exchange.sent_, MSG_NOSIGNAL);
    if (sent >= 0) {
      exchange.sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      sockets_.want(exchange.socket_, is_paused ? SocketSet::Interest::write : SocketSet::Interest::both);
      return;
    } else if (errno != EINTR) {
      break;  // there may be an answer all the same: reading says what has become of the connection
    }
  }
  sockets_.want(exchange.socket_, is_paused ? SocketSet::Interest::none : SocketSet::Interest::read);
}

void PlainDriver::receive(Exchange& exchange) {
  Bandwidth* const bandwidth = bandwidth_limit();
  const std::size_t most = bandwidth == nullptr ? buffer_.size() : std::min(buffer_.size(), bandwidth->most_at_once());
  for (int turn = 0; turn < kReadsATurn; ++turn) {
    if (bandwidth != nullptr) {
      const TimePoint due = bandwidth->take(0);
      if (due > Clock::now()) return pause(exchange, due);
    }
    const ssize_t got = ::recv(exchange.socket_, buffer_.data(), most, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) return connection_ended(exchange, got < 0 ? errno : 0);
    if (exchange.received_ == 0) exchange.timings_.first_byte = Clock::now() - exchange.began_;
    const auto size = static_cast<std::size_t>(got);
    const Progress progress = exchange.take(std::span(buffer_).first(size));
    if (bandwidth != nullptr) bandwidth->take(size);
    if (progress != Progress::more) return ended(exchange, progress);
    if (size < most) return;  // that was all
  }
}

// What is not read stays in the socket, and then at the server.
void PlainDriver::pause(Exchange& exchange, TimePoint until) {
  const bool sends = exchange.sent_ < exchange.text_.size();
  sockets_.want(exchange.socket_, sends ? SocketSet::Interest::write : SocketSet::Interest::none);
  exchange.is_paused_ = true;
  paused_.push_back(&exchange);
  check_by(until);
}

/// One after the other, as far as the bandwidth goes: each gets a piece before any gets its next.
void PlainDriver::end_pauses() {
  Bandwidth* const bandwidth = bandwidth_limit();
  while (!paused_.empty()) {
    if (bandwidth != nullptr) {
      const TimePoint due = bandwidth->take(0);
      if (due > Clock::now()) return check_by(due);
    }
    Exchange& exchange = *paused_.front();
    paused_.erase(paused_.begin());
    exchange.is_paused_ = false;
    const bool sends = exchange.sent_ < exchange.text_.size();
    sockets_.want(exchange.socket_, sends ? SocketSet::Interest::both : SocketSet::Interest::read);
    receive(exchange);
  }
}

void PlainDriver::connection_ended(Exchange& exchange, int error) {
  const bool goes_again =
      exchange.is_reused_ && exchange.received_ == 0 && !exchange.was_sent_again_ && exchange.is_idempotent();
  if (!goes_again) return ended(exchange, exchange.connection_ended(error));
  exchange.was_sent_again_ = true;
  exchange.is_reused_ = exchange.timings_.reused = false;
  release(exchange, false);
  exchange.start_again();
  begin(exchange);
}

/// Takes the connection, if it has one, from an exchange.
void PlainDriver::release(Exchange& exchange, bool keep) noexcept {
  const int socket = std::exchange(exchange.socket_, -1);
  if (socket < 0) return;
  links_[static_cast<std::size_t>(socket)].user = nullptr;
  if (!keep) return close_socket(socket);
  try {
    const TimePoint now = exchange.began_ + exchange.timings_.total;
    idle_.add(exchange.target().authority, socket, now);
    trim_idle(now);
  } catch (const std::bad_alloc&) {
    idle_.remove(socket);
    close_socket(socket);
  }
}

void PlainDriver::trim_idle(TimePoint now) noexcept {
  while (const auto idle = idle_.surplus(kept_connections_, now - kIdleAtMost)) drop_idle(*idle);
}

void PlainDriver::drop_idle(int socket) noexcept {
  idle_.remove(socket);
  close_socket(socket);
}

void PlainDriver::close_socket(int socket) noexcept {
  sockets_.closing(socket);
  ::close(socket);
}

// ---- What the engine calls

void PlainDriver::serve() {
  for (const SocketSet::Ready& ready : sockets_.ready()) {
    if (!sockets_.is_wanted(ready.socket)) continue;  // closed since
    Exchange* const exchange = link(ready.socket).user;
    if (exchange == nullptr) {  // idle, and closed by the server, or it says what nobody asked for
      drop_idle(ready.socket);
    } else if (exchange->socket_ != ready.socket) {
      on_connecting(*exchange, ready.socket);
    } else {
      if (ready.writable && exchange->sent_ < exchange->text_.size()) send(*exchange);
      // One that waits for bandwidth while it sends is told of its connection's end too, and reads it in its turn.
      if (!exchange->is_paused_ && (ready.readable || ready.failed)) receive(*exchange);
    }
  }
}

void PlainDriver::check_by(TimePoint when) noexcept { wake_up_ = std::min(wake_up_, when); }

/// Looks at all that are under way: that is seldom, since limits in time mostly lie far ahead and equally far.
void PlainDriver::run_timeouts(TimePoint now) {
  wake_up_ = TimePoint::max();
  const std::vector<Exchange*> active = active_;
  for (Exchange* const exchange : active) {
    if (exchange->is_out_of_time(now)) {
      ended(*exchange, Progress::failed);
      continue;
    }
    if (exchange->socket_ < 0 && now >= exchange->next_attempt_) connect_next(*exchange, now);
    if (exchange->index_ < active_.size() && active_[exchange->index_] == exchange) check_by(exchange->next_check(now));
  }
  end_pauses();
}

}  // namespace overlap::http::detail
