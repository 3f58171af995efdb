// How a request goes through an engine:
//   1. start(): it waits for admission, or goes into the multi handle, which asks to be called "at once" (a kick).
//   2. A round: the loop says that sockets are ready, the timer has run out or a kick was posted; libcurl is called for
//      each; what has ended is taken out of the multi handle; then, outside of libcurl, its tasks are resumed. What
//      they start is kicked off in the same round.
//   3. Or it is cancelled: taken out at once, its task resumed by the loop.
//
// How it ends, step by step (close()):
//   1. closed_ is set: requests that start from now on end with operation_aborted.
//   2. Every pending request is taken out, and its task posted to be resumed with operation_aborted.
//   3. The easy handles in the pool and the multi handle are destroyed, which closes the connections; those in the
//      hands of a task are destroyed as the tasks give them back. From within libcurl (a Sink that destroys its own
//      session) this step waits until libcurl has returned.

#include "http/engine.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kFewestKept = 16;    // connections that a session keeps open, if it has had so many
constexpr std::size_t kSmallestPool = 64;  // easy handles kept for the next requests
constexpr std::size_t kMany = 128;         // requests in flight from which each is given less memory

Resolver::Options resolver_options(const SessionOptions& options) {
  Resolver::Options result;
  if (auto overrides = AddressOverrides::parse(options.resolve)) result.overrides = std::move(*overrides);
  result.dns.servers = options.dns_servers;
  if (options.ip_version == SessionOptions::IpVersion::v4) result.dns.family = AF_INET;
  if (options.ip_version == SessionOptions::IpVersion::v6) result.dns.family = AF_INET6;
  return result;
}

}  // namespace

Engine::Engine(Loop& loop, SessionOptions options)
    : loop_(loop),
      options_(std::move(options)),
      proxies_(options_),
      resolver_(loop, resolver_options(options_)),
      cookies_(options_.cookies ? CookieJar::of(options_) : nullptr),
      tls_sessions_(cookies_ ? nullptr : make_tls_session_share()),
      multi_(make_multi()),
      watched_(loop.context()),
      timer_(loop.context()),
      admission_(options_.max_connections, options_.max_connections_per_host) {
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_interest);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_deadline);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  keep_enough_connections();
}

Engine::~Engine() { shut(); }

void Engine::open() {
  watched_.assign(sockets_.descriptor());
  watch_sockets();
}

void Engine::close() noexcept {
  if (std::exchange(closed_, true)) return;
  resolver_.close();
  const std::vector<Flight*> pending = pending_;
  for (Flight* const flight : pending) {
    if (flight->state == Flight::State::doomed) continue;
    take_out(*flight);
    resume_later(*flight, boost::asio::error::operation_aborted);
  }
  if (!in_curl_) shut();
}

void Engine::abandon() noexcept {
  std::vector<Handler> handlers;
  closed_ = true;
  resolver_.abandon();
  while (!pending_.empty()) {
    Flight& flight = *pending_.back();
    handlers.push_back(std::move(flight.handler));
    take_out(flight);
  }
  shut();
  handlers.clear();  // the tasks die here, or when the loop destroys what they leave with it; they give back flights
}

void Engine::shut() noexcept {
  if (std::exchange(shut_, true)) return;
  closed_ = true;
  pool_.clear();
  multi_.reset();
  timer_.cancel();
  if (watched_.is_open()) watched_.release();  // closed by sockets_
}

// ---- flights

std::unique_ptr<Engine::Flight> Engine::take() {
  if (pool_.empty()) {
    Sockets& sockets = *this;
    auto flight = std::make_unique<Flight>(options_, sockets, share());
    set_pointer(flight->transfer.handle(), CURLOPT_PRIVATE, flight.get());
    return flight;
  }
  auto flight = std::move(pool_.back());
  pool_.pop_back();
  return flight;
}

void Engine::give_back(std::unique_ptr<Flight> flight) noexcept {
  flight->state = Flight::State::idle;
  flight->transfer.abandon();
  for (CurlAddresses::Use& use : flight->addresses) use.end(false);
  if (!closed_ && pool_.size() < std::max(kSmallestPool, pending_.size())) pool_.push_back(std::move(flight));
}

bool Engine::has_many_in_flight() const noexcept { return pending_.size() >= kMany; }

SessionStats Engine::stats() const noexcept {
  return {.in_flight = pending_.size() - admission_.waiting(),
          .waiting = admission_.waiting(),
          .requests = requests_,
          .connections = connections_};
}

void Engine::start(Flight& flight, Handler handler, boost::asio::cancellation_slot slot) {
  flight.handler = std::move(handler);
  if (closed_) {
    resume_later(flight, boost::asio::error::operation_aborted);
    return;
  }
  if (slot.is_connected()) {
    slot.assign([this, &flight](boost::asio::cancellation_type) { cancel(flight); });
  }
  flight.index = pending_.size();
  pending_.push_back(&flight);
  const bool by_origin = admission_.limits_origins();
  if (admission_.ask(flight, by_origin ? origin_key(flight.transfer.url()) : std::string())) {
    activate(flight);
  } else {
    flight.state = Flight::State::waiting;
  }
}

void Engine::activate(Flight& flight) {
  if (in_curl_) {
    flight.state = Flight::State::queued;
    queued_.push_back(&flight);
    return;
  }
  flight.state = Flight::State::active;
  ++requests_;
  if (pending_.size() * 2 > kept_connections_) keep_enough_connections();
  const CURLMcode code = in_curl([&] { return curl_multi_add_handle(multi_.get(), flight.transfer.handle()); });
  if (code != CURLM_OK) {
    flight.code = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
    take_out(flight);
    resume_later(flight, {});
  }
  arm();
}

void Engine::admit_waiting() {
  while (Admission::Ticket* const ticket = admission_.next()) activate(static_cast<Flight&>(*ticket));
}

// Four for each request under way, as libcurl itself reckons, since the next may go to another host; but it forgets
// them as soon as requests get fewer. Never so many that half of the process's descriptors go to idle connections.
void Engine::keep_enough_connections() {
  rlimit limit{};
  std::size_t most = kFewestKept;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) most = static_cast<std::size_t>(limit.rlim_cur) / 2;
  const std::size_t wanted = std::max(kFewestKept, std::bit_ceil(4 * pending_.size()));
  kept_connections_ = std::max(std::min(wanted, most), std::bit_ceil(2 * pending_.size()));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(kept_connections_));
}

void Engine::cancel(Flight& flight) {
  using State = Flight::State;
  if (flight.state != State::waiting && flight.state != State::queued && flight.state != State::active) return;
  take_out(flight);
  resume_later(flight, boost::asio::error::operation_aborted);
  if (!in_curl_) admit_waiting();
  arm();
}

void Engine::take_out(Flight& flight) {
  switch (flight.state) {
    case Flight::State::queued:
      std::erase(queued_, &flight);
      break;
    case Flight::State::active:
      if (in_curl_) {
        flight.state = Flight::State::doomed;
        doomed_.push_back(&flight);
        return;
      }
      in_curl([&] { return curl_multi_remove_handle(multi_.get(), flight.transfer.handle()); });
      break;
    case Flight::State::waiting:
    case Flight::State::doomed:
    case Flight::State::idle:
    case Flight::State::ended:
      break;
  }
  remove(flight);
}

void Engine::remove(Flight& flight) {
  flight.state = Flight::State::ended;
  admission_.leave(flight);
  pending_[flight.index] = pending_.back();
  pending_[flight.index]->index = flight.index;
  pending_.pop_back();
}

void Engine::resume_later(Flight& flight, boost::system::error_code error) {
  auto resume = [handler = std::move(flight.handler), error]() mutable { handler(error); };
  boost::asio::post(loop_.context(), std::move(resume));
}

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
    }
    const std::shared_ptr<Engine> owner;  // a task that is resumed may destroy the session
  };
  const Scope scope(*this);
  act();
  settle();
  resume_ended();
  if (!kick_wanted_ || closed_) return;
  run_timeouts();  // what the resumed tasks have started
  settle();
  resume_ended();
}

template <class Call>
CURLMcode Engine::in_curl(Call call) {
  in_curl_ = true;
  const CURLMcode result = call();
  in_curl_ = false;
  return result;
}

void Engine::act_on(int socket, int events) {
  int running = 0;
  in_curl([&] { return curl_multi_socket_action(multi_.get(), socket, events, &running); });
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
    in_curl([&] { return curl_multi_remove_handle(multi_.get(), flight.transfer.handle()); });
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
      if (flight->state != Flight::State::active || !flight->transfer.has_opened(socket)) continue;
      in_curl([&] {
        curl_easy_pause(flight->transfer.handle(), CURLPAUSE_ALL);
        curl_easy_pause(flight->transfer.handle(), CURLPAUSE_CONT);
        return CURLM_OK;
      });
    }
  }
}

void Engine::collect() {
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

void Engine::close_socket(int socket) noexcept {
  sockets_.closing(socket);
  ::close(socket);
}

}  // namespace overlap::http::detail
