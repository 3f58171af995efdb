#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <overlap/async/loop.hpp>
#include <overlap/core/time.hpp>
#include <overlap/http/cookie_jar.hpp>
#include <overlap/http/session.hpp>

#include "http/admission.hpp"
#include "http/curl_addresses.hpp"
#include "http/curl_handles.hpp"
#include "http/plain/exchange.hpp"
#include "http/plain/plain_driver.hpp"
#include "http/proxy_rules.hpp"
#include "http/resolver.hpp"
#include "http/socket_set.hpp"
#include "http/transfer.hpp"

namespace overlap::http::detail {

/// What a Session is: a driver of plain HTTP/1.1, and a multi handle of libcurl for all else, driven by its loop.
///
/// Shared by the Session and the tasks of its requests, which may outlive it; all on the loop's thread. Everything that
/// runs tasks is called from handlers of the loop, never from within libcurl.
class Engine final : private Sockets, public std::enable_shared_from_this<Engine> {
 public:
  Engine(Loop& loop, SessionOptions options);
  ~Engine() override;

  /// To be called once, before any request.
  void open();
  /// Ends the requests under way, with operation_aborted, and closes all connections. Later requests end likewise.
  void close() noexcept;
  /// The same while the loop is being destroyed: the tasks that wait are destroyed with it, not resumed.
  void abandon() noexcept;

  using Handler = std::move_only_function<void(boost::system::error_code)>;

  /// What carries a request over the network, in the hands of that request, with the state of its way.
  struct Flight : Admission::Ticket {
    explicit Flight(std::unique_ptr<Transfer> by_curl) : transfer(std::move(by_curl)) {}
    explicit Flight(std::unique_ptr<Exchange> by_driver) : exchange(std::move(by_driver)) {}

    void prepare(const Request& request, Hop hop);
    std::expected<Response, Failure> finish();
    void abandon() noexcept;
    const std::string& url() const noexcept { return exchange ? exchange->request().url : transfer->url(); }

    enum class State : std::uint8_t {
      idle,     ///< in the pool; or in hand, not started yet or resumed again
      waiting,  ///< for admission
      queued,   ///< admitted from within a driver, which takes no new one there
      active,   ///< under way
      doomed,   ///< cancelled from within a driver, which lets go of none there
      ended,    ///< out of it, and about to be resumed
    };
    const std::unique_ptr<Transfer> transfer;  // one of the two
    const std::unique_ptr<Exchange> exchange;
    std::array<CurlAddresses::Use, 2> addresses;  ///< libcurl's, of the proxy and the host
    Handler handler;
    CURLcode code = CURLE_OK;
    State state = State::idle;
    std::size_t index = 0;  ///< in pending_
  };

  /// Holds a flight for the time of one hop, and gives it back.
  class Lease {
   public:
    Lease(Engine& engine, bool plain) : engine_(engine), flight_(engine.take(plain)) {}
    ~Lease() { engine_.give_back(std::move(flight_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Flight& operator*() const noexcept { return *flight_; }
    Flight* operator->() const noexcept { return flight_.get(); }

   private:
    Engine& engine_;
    std::unique_ptr<Flight> flight_;
  };

  /// What Asio calls once the task is suspended. Owns nothing: it is part of a co_await expression
  /// (docs/decisions/0002).
  struct Start {
    Engine* engine;
    Flight* flight;
    template <class Resume>
    void operator()(Resume resume) const {
      const auto slot = boost::asio::get_associated_cancellation_slot(resume);
      engine->start(*flight, Handler(std::move(resume)), slot);
    }
  };

  /// To be awaited: runs a prepared transfer until its code is known; throws operation_aborted when the task is
  /// cancelled or the session closed.
  auto perform(Flight& flight) {
    return boost::asio::async_initiate<const boost::asio::deferred_t&, void(boost::system::error_code)>(
        Start{this, &flight}, boost::asio::deferred);
  }

  Loop& loop() const noexcept { return loop_; }
  const SessionOptions& options() const noexcept { return options_; }
  bool has_many_in_flight() const noexcept;
  Resolver& resolver() noexcept { return resolver_; }
  const ProxyRules& proxies() const noexcept { return proxies_; }
  CurlAddresses& curl_addresses() noexcept { return curl_addresses_; }
  const PlainDriver& plain() const noexcept { return plain_; }
  SessionStats stats() const noexcept;

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  using Flights = std::vector<std::unique_ptr<Flight>>;
  std::unique_ptr<Flight> take(bool plain);
  std::unique_ptr<Flight> make(bool plain);
  CURLSH* share() const noexcept { return cookies_ ? cookies_->share() : tls_sessions_.get(); }
  void give_back(std::unique_ptr<Flight> flight) noexcept;

  void start(Flight& flight, Handler handler, boost::asio::cancellation_slot slot);
  void activate(Flight& flight);
  void admit_waiting();
  void keep_enough_connections();
  void cancel(Flight& flight);
  /// Out of its driver and the queues, wherever it is; from within a driver as soon as that has returned.
  void take_out(Flight& flight);
  void remove(Flight& flight);
  void resume_later(Flight& flight, boost::system::error_code error);

  void begin_flight(Flight& flight);
  void end_flight(Flight& flight);

  void watch_sockets();
  void serve_sockets();
  void watch_plain();
  void arm_plain();
  void on_timer();
  void arm();
  template <class Act>
  void round(Act act);
  template <class Call>
  auto in_driver(Call call) {
    struct Scope {
      explicit Scope(Engine& engine) : owner(engine) { owner.in_driver_ = true; }
      ~Scope() { owner.in_driver_ = false; }
      Engine& owner;
    };
    const Scope scope(*this);
    return call();
  }
  void act_on(int socket, int events);
  void run_timeouts();
  void settle();
  void collect();
  void go_on_connecting();
  void resume_ended();
  void shut() noexcept;

  static int on_interest(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_deadline(CURLM*, long milliseconds, void* self) noexcept;
  int open_socket(int family, int type, int protocol) noexcept override;
  void close_socket(int socket) noexcept override;
  void paused(CURL* transfer, TimePoint until) noexcept override;
  void arm_pauses();
  void end_pauses();

  Loop& loop_;
  const SessionOptions options_;
  const ProxyRules proxies_;
  Resolver resolver_;
  CurlAddresses curl_addresses_;
  std::shared_ptr<CookieJar> cookies_;  // null: none are kept
  SharePtr tls_sessions_;               // null: they are shared with the cookies
  SocketSet sockets_;
  MultiPtr multi_;
  boost::asio::posix::basic_stream_descriptor<Executor> watched_;  // the descriptor of sockets_
  Timer timer_;
  std::optional<TimePoint> deadline_;  // when libcurl wants to be called
  std::optional<TimePoint> armed_;     // when timer_ wakes; not after deadline_, but perhaps before
  Admission admission_;

  PlainDriver plain_;
  boost::asio::posix::basic_stream_descriptor<Executor> watched_plain_;  // the descriptor of plain_
  Timer plain_timer_;
  TimePoint plain_armed_ = TimePoint::max();

  Flights pool_;                  // of libcurl
  Flights plain_pool_;            // of plain_
  std::vector<Flight*> pending_;  // waiting, queued, active and doomed
  std::vector<Flight*> queued_;
  std::vector<Flight*> doomed_;
  std::vector<int> given_up_;      // sockets that libcurl wants no more, and only wanted to be connected
  std::vector<Flight*> ended_;     // with a code, in the order of their ends
  std::vector<Flight*> resuming_;  // what resume_ended() works on
  std::size_t kept_connections_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t connections_ = 0;
  bool in_driver_ = false;
  bool in_round_ = false;
  struct Pause {
    CURL* transfer;
    TimePoint until;
  };
  std::vector<Pause> pauses_;  // of transfers of libcurl's, for the sake of the bandwidth
  Timer pause_timer_;
  std::optional<TimePoint> pauses_armed_;
  bool kick_wanted_ = false;  // libcurl wants to be called at once
  bool kick_posted_ = false;
  bool plain_kick_posted_ = false;
  bool closed_ = false;
  bool shut_ = false;
};

}  // namespace overlap::http::detail
