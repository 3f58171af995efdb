// How a request goes through an engine:
//   1. start(): it waits for admission, or goes to its driver: PlainDriver, which sends it, or libcurl's multi handle,
//      which asks to be called "at once" (a kick).
//   2. A round: the loop says that sockets are ready, a timer has run out or a kick was posted; the driver is called
//   for
//      each; what has ended is taken out of it; then, outside of the drivers, its tasks are resumed. What they start is
//      kicked off in the same round.
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

#include <algorithm>
#include <bit>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "http/address.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kFewestKept = 16;  // connections that a session keeps open, if it has had so many
constexpr std::size_t kFewDescriptors = 256;
constexpr std::size_t kSmallestPool = 64;  // easy handles kept for the next requests
constexpr std::size_t kMany = 128;         // requests in flight from which each is given less memory

Resolver::Options resolver_options(const SessionOptions& options) {
  Resolver::Options result;
  if (auto overrides = AddressOverrides::parse(options.resolve)) result.overrides = std::move(*overrides);
  result.dns.servers = options.dns_servers;
  result.dns.family = family_of(options.ip_version);
  result.overrides.keep_family(result.dns.family);
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
      admission_(options_.max_connections, options_.max_connections_per_host),
      plain_(options_),
      watched_plain_(loop.context()),
      plain_timer_(loop.context()),
      pause_timer_(loop.context()) {
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &on_interest);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &on_deadline);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  keep_enough_connections();
}

Engine::~Engine() { shut(); }

void Engine::open() {
  watched_.assign(sockets_.descriptor());
  watched_plain_.assign(plain_.descriptor());
  watch_sockets();
  watch_plain();
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
  if (!in_driver_) shut();
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
  plain_.close();
  pool_.clear();
  plain_pool_.clear();
  multi_.reset();
  timer_.cancel();
  pause_timer_.cancel();
  plain_timer_.cancel();
  if (watched_.is_open()) watched_.release();  // closed by sockets_
  if (watched_plain_.is_open()) watched_plain_.release();
}

// ---- flights

void Engine::Flight::prepare(const Request& request, Hop hop) {
  exchange ? exchange->prepare(request, std::move(hop)) : transfer->prepare(request, std::move(hop));
}

std::expected<Response, Failure> Engine::Flight::finish() {
  return exchange ? exchange->finish() : transfer->finish(code);
}

void Engine::Flight::abandon() noexcept { exchange ? exchange->abandon() : transfer->abandon(); }

std::unique_ptr<Engine::Flight> Engine::make(bool plain) {
  if (plain) return std::make_unique<Flight>(std::make_unique<Exchange>(options_));
  Sockets& sockets = *this;
  auto transfer = std::make_unique<Transfer>(options_, sockets, share());
  auto flight = std::make_unique<Flight>(std::move(transfer));
  set_pointer(flight->transfer->handle(), CURLOPT_PRIVATE, flight.get());
  return flight;
}

std::unique_ptr<Engine::Flight> Engine::take(bool plain) {
  Flights& pool = plain ? plain_pool_ : pool_;
  if (pool.empty()) return make(plain);
  auto flight = std::move(pool.back());
  pool.pop_back();
  return flight;
}

void Engine::give_back(std::unique_ptr<Flight> flight) noexcept {
  flight->state = Flight::State::idle;
  flight->abandon();
  for (CurlAddresses::Use& use : flight->addresses) use.end(false);
  Flights& pool = flight->exchange ? plain_pool_ : pool_;
  if (!closed_ && pool.size() < std::max(kSmallestPool, pending_.size())) pool.push_back(std::move(flight));
}

bool Engine::has_many_in_flight() const noexcept { return pending_.size() >= kMany; }

SessionStats Engine::stats() const noexcept {
  return {.in_flight = pending_.size() - admission_.waiting(),
          .waiting = admission_.waiting(),
          .requests = requests_,
          .connections = connections_ + plain_.connections()};
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
  if (admission_.ask(flight, by_origin ? origin_key(flight.url()) : std::string())) {
    activate(flight);
  } else {
    flight.state = Flight::State::waiting;
  }
}

void Engine::activate(Flight& flight) {
  if (in_driver_) {
    flight.state = Flight::State::queued;
    queued_.push_back(&flight);
    return;
  }
  flight.state = Flight::State::active;
  ++requests_;
  if (pending_.size() * 2 > kept_connections_) keep_enough_connections();
  begin_flight(flight);
  arm();
}

void Engine::begin_flight(Flight& flight) {
  if (flight.exchange) {
    in_driver([&] { plain_.start(*flight.exchange, &flight); });
    arm_plain();
    return;
  }
  const CURLMcode code = in_driver([&] { return curl_multi_add_handle(multi_.get(), flight.transfer->handle()); });
  if (code == CURLM_OK) return;
  flight.code = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
  take_out(flight);
  resume_later(flight, {});
}

void Engine::end_flight(Flight& flight) {
  if (flight.exchange) {
    plain_.stop(*flight.exchange);
  } else {
    in_driver([&] { return curl_multi_remove_handle(multi_.get(), flight.transfer->handle()); });
  }
}

void Engine::admit_waiting() {
  while (Admission::Ticket* const ticket = admission_.next()) activate(static_cast<Flight&>(*ticket));
}

// Four for each request under way, as libcurl itself reckons, since the next may go to another host; but it forgets
// them as soon as requests get fewer. Never so many that half of the process's descriptors go to idle connections; next
// to none where there are few, as what runs needs them.
void Engine::keep_enough_connections() {
  rlimit limit{};
  const bool is_known = getrlimit(RLIMIT_NOFILE, &limit) == 0;
  const auto descriptors = static_cast<std::size_t>(limit.rlim_cur);
  if (is_known && descriptors < kFewDescriptors) {
    kept_connections_ = descriptors / 16;
  } else {
    const std::size_t most = is_known ? descriptors / 2 : kFewestKept;
    const std::size_t wanted = std::max(kFewestKept, std::bit_ceil(4 * pending_.size()));
    kept_connections_ = std::max(std::min(wanted, most), std::bit_ceil(2 * pending_.size()));
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(std::max<std::size_t>(kept_connections_, 1)));
  plain_.keep_at_most(kept_connections_);
}

void Engine::cancel(Flight& flight) {
  using State = Flight::State;
  if (flight.state != State::waiting && flight.state != State::queued && flight.state != State::active) return;
  take_out(flight);
  resume_later(flight, boost::asio::error::operation_aborted);
  if (!in_driver_) admit_waiting();
  arm();
}

void Engine::take_out(Flight& flight) {
  switch (flight.state) {
    case Flight::State::queued:
      std::erase(queued_, &flight);
      break;
    case Flight::State::active:
      if (in_driver_) {
        flight.state = Flight::State::doomed;
        doomed_.push_back(&flight);
        return;
      }
      end_flight(flight);
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
  if (!pauses_.empty() && flight.transfer) {
    std::erase_if(pauses_, [&](const Pause& pause) { return pause.transfer == flight.transfer->handle(); });
  }
  pending_[flight.index] = pending_.back();
  pending_[flight.index]->index = flight.index;
  pending_.pop_back();
}

void Engine::resume_later(Flight& flight, boost::system::error_code error) {
  auto resume = [handler = std::move(flight.handler), error]() mutable { handler(error); };
  boost::asio::post(loop_.context(), std::move(resume));
}

}  // namespace overlap::http::detail
