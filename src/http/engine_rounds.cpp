// Engine: the rounds in which its drivers are called, and what libcurl calls in them.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "http/bandwidth_limit.hpp"
#include "http/engine.hpp"

namespace overlap::http::detail {

// ---- rounds

void Engine::watch_sockets() {
  auto on_ready = [self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->serve_sockets();
    if (!self->closed_) self->watch_sockets();
  };
  watched_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(on_ready));
}

void Engine::serve_sockets() {
  round([this] {
    for (const SocketSet::Ready& ready : sockets_.ready()) {
      if (closed_) return;
      if (!sockets_.is_wanted(ready.socket)) continue;  // libcurl has closed it since
      act_on(ready.socket, (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0) |
                               (ready.failed ? CURL_CSELECT_ERR : 0));
    }
  });
}

void Engine::watch_plain() {
  auto on_ready = [self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->round([&self] { self->in_driver([&self] { self->plain_.serve(); }); });
    if (!self->closed_) self->watch_plain();
  };
  watched_plain_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(on_ready));
}

/// As arm(), for the driver of plain HTTP. What ended as it was started is dealt with in a round of its own.
void Engine::arm_plain() {
  if (closed_ || in_round_) return;
  if (plain_.has_ended() && !std::exchange(plain_kick_posted_, true)) {
    auto kick = [self = shared_from_this()] {
      self->plain_kick_posted_ = false;
      if (!self->closed_) self->round([] {});
    };
    boost::asio::post(loop_.context(), std::move(kick));
  }
  if (plain_.wake_up() >= plain_armed_) return;
  plain_armed_ = plain_.wake_up();
  plain_timer_.expires_at(plain_armed_);
  plain_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->plain_armed_ = TimePoint::max();
    const TimePoint now = Clock::now();
    if (now < self->plain_.wake_up()) return self->arm_plain();
    self->round([&] { self->in_driver([&] { self->plain_.run_timeouts(now); }); });
  });
}

void Engine::on_timer() {
  armed_.reset();
  if (deadline_ && Clock::now() >= *deadline_) {
    round([this] { run_timeouts(); });
  } else {
    arm();
  }
}

/// Sees to it that libcurl is called when it wants to be. A timer that wakes too early is left as it is, since setting
/// it is a system call, and the deadline of the oldest request moves with every response.
void Engine::arm() {
  if (closed_ || in_round_) return;
  if (kick_wanted_ && !std::exchange(kick_posted_, true)) {
    auto kick = [self = shared_from_this()] {
      self->kick_posted_ = false;
      if (self->kick_wanted_ && !self->closed_) self->round([&self] { self->run_timeouts(); });
    };
    boost::asio::post(loop_.context(), std::move(kick));
  }
  if (!deadline_ || (armed_ && *armed_ <= *deadline_)) return;
  armed_ = deadline_;
  timer_.expires_at(*deadline_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && !self->closed_) self->on_timer();
  });
}

template <class Act>
void Engine::round(Act act) {
  struct Scope {
    explicit Scope(Engine& engine) : owner(engine.shared_from_this()) { owner->in_round_ = true; }
    ~Scope() {
      owner->in_round_ = false;
      owner->arm();
      owner->arm_plain();
      owner->arm_pauses();
    }
    const std::shared_ptr<Engine> owner;  // a task that is resumed may destroy the session
  };
  const Scope scope(*this);
  act();
  settle();
  resume_ended();
  // What the resumed tasks have started.
  if ((!kick_wanted_ && !plain_.has_ended()) || closed_) return;
  if (kick_wanted_) run_timeouts();
  settle();
  resume_ended();
}

void Engine::act_on(int socket, int events) {
  int running = 0;
  in_driver([&] { return curl_multi_socket_action(multi_.get(), socket, events, &running); });
}

void Engine::run_timeouts() {
  kick_wanted_ = false;
  deadline_.reset();
  act_on(CURL_SOCKET_TIMEOUT, 0);
}

// Does what could not be done from within libcurl.
void Engine::settle() {
  while (!doomed_.empty()) {
    Flight& flight = *doomed_.back();
    doomed_.pop_back();
    end_flight(flight);
    remove(flight);
  }
  if (closed_) {
    shut();
    return;
  }
  collect();
  go_on_connecting();
  while (!queued_.empty()) {
    Flight& flight = *queued_.back();
    queued_.pop_back();
    activate(flight);
  }
  admit_waiting();
}

// When an address does not answer in its share of the time, libcurl 7.88 gives it up and should go on to the next one,
// but does not look at the transfer again before all of the time is over (curl issue 11920; mended in 8.4). Pausing and
// going on is what makes it look.
void Engine::go_on_connecting() {
  for (const int socket : std::exchange(given_up_, {})) {
    for (Flight* const flight : pending_) {
      const bool connects = flight->transfer && flight->state == Flight::State::active;
      if (!connects || !flight->transfer->has_opened(socket)) continue;
      in_driver([&] {
        curl_easy_pause(flight->transfer->handle(), CURLPAUSE_ALL);
        curl_easy_pause(flight->transfer->handle(), CURLPAUSE_CONT);
        return CURLM_OK;
      });
    }
  }
}

void Engine::collect() {
  while (void* const owner = plain_.take_ended()) {
    auto& flight = *static_cast<Flight*>(owner);
    remove(flight);
    ended_.push_back(&flight);
  }
  int left = 0;
  while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* pointer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
    auto& flight = *reinterpret_cast<Flight*>(pointer);
    flight.code = message->data.result;
    take_out(flight);  // `message` is gone with it
    ended_.push_back(&flight);
  }
}

void Engine::resume_ended() {
  std::swap(ended_, resuming_);
  std::size_t next = 0;
  try {
    while (next < resuming_.size()) {
      Flight& flight = *resuming_[next++];
      Handler resume = std::move(flight.handler);
      resume({});  // the flight goes back into the pool, or is gone
    }
  } catch (...) {  // what a task throws into the loop must not keep the others from being resumed
    while (next < resuming_.size()) resume_later(*resuming_[next++], {});
    resuming_.clear();
    throw;
  }
  resuming_.clear();
}

// ---- bandwidth

void Engine::arm_pauses() {
  if (closed_ || pauses_.empty()) return;
  const TimePoint next = std::ranges::min(pauses_, {}, &Pause::until).until;
  if (pauses_armed_ && *pauses_armed_ <= next) return;
  pauses_armed_ = next;
  pause_timer_.expires_at(next);
  pause_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->pauses_armed_.reset();
    self->round([&self] { self->end_pauses(); });
  });
}

/// One after the other, the one that has waited longest first, as far as the bandwidth goes: each gets a piece before
/// any gets its next.
void Engine::end_pauses() {
  Bandwidth* const bandwidth = bandwidth_limit();
  while (!pauses_.empty()) {
    const TimePoint due = bandwidth == nullptr ? TimePoint::min() : bandwidth->take(0);
    if (due > Clock::now()) {
      for (Pause& pause : pauses_) pause.until = due;
      return;
    }
    CURL* const transfer = pauses_.front().transfer;
    pauses_.erase(pauses_.begin());
    in_driver([transfer] {
      curl_easy_pause(transfer, CURLPAUSE_CONT);
      return CURLM_OK;
    });
  }
}

// ---- called by libcurl

int Engine::on_interest(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  using Interest = SocketSet::Interest;
  Interest interest = Interest::none;
  if (what == CURL_POLL_IN) interest = Interest::read;
  if (what == CURL_POLL_OUT) interest = Interest::write;
  if (what == CURL_POLL_INOUT) interest = Interest::both;
  auto& engine = *static_cast<Engine*>(self);
  if (interest == Interest::none && engine.sockets_.is_wanted_to_write(socket)) engine.given_up_.push_back(socket);
  engine.sockets_.want(socket, interest);
  return 0;
}

int Engine::on_deadline(CURLM*, long milliseconds, void* self) noexcept {
  auto& engine = *static_cast<Engine*>(self);
  engine.kick_wanted_ = milliseconds == 0;
  engine.deadline_.reset();
  if (milliseconds > 0) engine.deadline_ = Clock::now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

int Engine::open_socket(int family, int type, int protocol) noexcept {
  const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
  if (socket < 0) return -1;
  sockets_.keep(socket);
  ++connections_;
  return socket;
}

void Engine::paused(CURL* transfer, TimePoint until) noexcept { pauses_.push_back({transfer, until}); }

void Engine::close_socket(int socket) noexcept {
  sockets_.closing(socket);
  ::close(socket);
}

}  // namespace overlap::http::detail
