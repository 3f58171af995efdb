#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>

#include <overlap/async/sleep.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "http/fetching.hpp"
#include "support/gate.hpp"

namespace overlap::test {
namespace {

using http::Request;
using http::Response;
using http::Session;
using http::SessionOptions;
using http::SessionStats;
using std::chrono::milliseconds;

/// Answers requests for "/hang" never, and others at once.
RawServer::Script hang_on_request() {
  return [](RawConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->starts_with("GET /hang")) {
        connection.wait_for_close();
        return;
      }
      connection.send(ok("x"));
    }
  };
}

Task<void> time_out_then_fetch(std::string hanging, std::string good) {
  Session& session = Session::of_current_loop();
  bool timed_out = false;
  try {
    auto hung = session.fetch(request_for(hanging));
    (void)co_await with_timeout(milliseconds(50), std::move(hung));
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_EQ(session.stats().in_flight, 0U);
  const Response response = co_await session.fetch(request_for(good));
  EXPECT_EQ(response.status, 200);
}

TEST(Cancel, ATimeoutEndsTheTransferAndTheNextRequestWorks) {
  const RawServer server(hang_on_request());
  run(time_out_then_fetch(server.url("/hang"), server.url("/good")));
}

bool is_aborted(const Future<Response>& future) {
  try {
    future.result();
    return false;
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  }
}

TEST(Cancel, RequestStopEndsAHangingRequest) {
  const RawServer server(hang_on_request());
  EventLoopExecutor executor;
  const auto future = executor.submit(&http::get, server.url("/hang"));
  server.wait_for_requests(1);
  auto copy = future;
  copy.request_stop();
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_EQ(executor.submit([] { return Session::of_current_loop().stats().in_flight; }).result(), 0U);
  EXPECT_EQ(executor.submit(&http::get, server.url("/good")).result().status, 200);
}

TEST(Cancel, AConnectingRequestIsCancelledToo) {
  struct Fetch {
    static Task<void> of(std::string url) {
      auto hung = Session::of_current_loop().fetch(request_for(std::move(url)));
      (void)co_await with_timeout(Duration::zero(), std::move(hung));
    }
  };
  const RawServer server(hang_on_request());
  EXPECT_THROW(run(Fetch::of(server.url("/hang"))), TimeoutError);
}

TEST(Cancel, ALookupUnderWayDoesNotHoldTheLoop) {
  struct Fetch {
    static Task<void> of(std::string url) {
      auto lookup = Session::of_current_loop().try_fetch(request_for(std::move(url)));
      (void)co_await with_timeout(Duration::zero(), std::move(lookup));
    }
  };
  try {
    run(Fetch::of("http://nosuch.invalid/"));
  } catch (const TimeoutError&) {  // or the lookup was quicker
  }
}

TEST(Cancel, TasksLeftOnALoopThatEndsAreCancelled) {
  const RawServer server(hang_on_request());
  {
    EventLoopExecutor executor;
    auto spawn_and_leave = [url = server.url("/hang")] {
      auto hung = http::get(url);
      boost::asio::co_spawn(Loop::current()->context(), std::move(hung), boost::asio::detached);
    };
    executor.submit(spawn_and_leave).result();
    server.wait_for_requests(1);
  }  // not a task that the loop knows of: it goes with the loop's context
}

struct OwnSession {
  std::unique_ptr<Session> session;

  Task<Response> fetch(std::string url) {
    session = std::make_unique<Session>(*Loop::current());
    return session->fetch(request_for(std::move(url)));
  }
};

TEST(Cancel, ASessionDestroyedWithRequestsUnderWayAbortsThem) {
  const RawServer server(hang_on_request());
  EventLoopExecutor executor;
  auto own = std::make_shared<OwnSession>();
  const auto hung = executor.submit([own, url = server.url("/hang")] { return own->fetch(url); });
  server.wait_for_requests(1);
  executor.submit([own] { own->session.reset(); }).result();
  EXPECT_TRUE(is_aborted(hung));
}

TEST(Cancel, ASessionDestroyedBeforeItsRequestBeganAbortsIt) {
  const RawServer server(hang_on_request());
  struct Fetch {
    static Task<Response> of(std::string url) {
      auto session = std::make_unique<Session>(*Loop::current());
      auto task = session->fetch(request_for(std::move(url)));
      session.reset();
      co_return co_await std::move(task);
    }
  };
  EventLoopExecutor executor;
  EXPECT_TRUE(is_aborted(executor.submit(&Fetch::of, server.url("/hang"))));
}

/// Ends its own session in the middle of a transfer.
class SuicidalSink final : public http::Sink {
 public:
  explicit SuicidalSink(std::unique_ptr<Session>& session) : session_(session) {}
  std::expected<void, http::Failure> begin(const Response&) override { return {}; }
  std::expected<void, http::Failure> write(std::span<const std::byte>) override {
    session_.reset();
    return {};
  }

 private:
  std::unique_ptr<Session>& session_;
};

TEST(Cancel, ASinkMayDestroyTheSession) {
  struct Fetch {
    static Task<Response> of(std::string url) {
      auto session = std::make_unique<Session>(*Loop::current());
      SuicidalSink sink(session);
      Request request = request_for(std::move(url));
      request.sink = &sink;
      auto task = session->fetch(std::move(request));
      co_return co_await std::move(task);
    }
  };
  const RawServer server(ok(std::string(100'000, 'a')));
  EventLoopExecutor executor;
  EXPECT_TRUE(is_aborted(executor.submit(&Fetch::of, server.url())));
}

/// Starts and cancels other requests in the middle of a transfer.
class MeddlingSink final : public http::Sink {
 public:
  MeddlingSink(Loop::Started* other, std::string url) : other_(other), url_(std::move(url)) {}
  std::expected<void, http::Failure> begin(const Response&) override { return {}; }
  std::expected<void, http::Failure> write(std::span<const std::byte>) override {
    other_->cancel();
    Loop::current()->start(fetch(), {}, nullptr);
    return {};
  }

  int fetched = 0;

 private:
  Task<void> fetch() {
    const Response response = co_await Session::of_current_loop().fetch(request_for(url_));
    if (response.status == 200) ++fetched;
  }

  Loop::Started* other_;
  std::string url_;
};

TEST(Cancel, ASinkMayStartAndCancelRequests) {
  struct Fetch {
    static Task<void> hang(std::string url, bool* aborted) {
      try {
        (void)co_await Session::of_current_loop().fetch(request_for(std::move(url)));
      } catch (const boost::system::system_error&) {
        *aborted = true;
      }
    }
    static Task<void> all(const RawServer* server) {
      bool aborted = false;
      Loop::Started other = Loop::current()->start(hang(server->url("/hang"), &aborted), {}, nullptr);
      MeddlingSink sink(&other, server->url("/other"));
      Request request = request_for(server->url("/first"));
      request.sink = &sink;
      (void)co_await Session::of_current_loop().fetch(std::move(request));
      while (sink.fetched == 0) co_await sleep_for(Duration::zero());
      EXPECT_TRUE(aborted);
    }
  };
  const RawServer server(hang_on_request());
  run(Fetch::all(&server));
}

// ---- how many at once

SessionStats stats_of(EventLoopExecutor& executor, const SessionOptions& options) {
  return executor.submit([options] { return Session::of_current_loop(options).stats(); }).result();
}

TEST(Admission, RequestsWaitForRoomAtTheirHostAndCanBeCancelledThere) {
  Gate gate;
  const auto answer_when_open = [pass = gate.pass()](RawConnection& connection) {
    while (connection.read_request()) {
      pass.wait();
      connection.send(ok("x"));
    }
  };
  const RawServer server(answer_when_open);
  const RawServer other(answer_all());
  const SessionOptions options{.max_connections_per_host = 2};
  EventLoopExecutor executor;
  std::vector<Future<Fetched>> futures;
  for (int i = 0; i < 6; ++i) futures.push_back(executor.submit(&fetch_on_loop, request_for(server.url()), options));
  server.wait_for_requests(2);
  EXPECT_EQ(stats_of(executor, options).in_flight, 2U);
  EXPECT_EQ(stats_of(executor, options).waiting, 4U);
  EXPECT_TRUE(executor.submit(&fetch_on_loop, request_for(other.url()), options).result());  // passes by
  futures[3].request_stop();
  EXPECT_THROW(futures[3].result(), CancelledError);
  EXPECT_EQ(stats_of(executor, options).waiting, 3U);
  gate.open();
  for (const int i : {0, 1, 2, 4, 5}) EXPECT_TRUE(futures[static_cast<std::size_t>(i)].result());
  EXPECT_EQ(stats_of(executor, options).in_flight, 0U);
  EXPECT_LE(server.connections(), 2U);
}

TEST(Admission, RequestsWaitForRoomInAll) {
  Gate gate;
  const auto answer_when_open = [pass = gate.pass()](RawConnection& connection) {
    while (connection.read_request()) {
      pass.wait();
      connection.send(ok("x"));
    }
  };
  const RawServer one(answer_when_open);
  const RawServer two(answer_when_open);
  const SessionOptions options{.max_connections = 3, .max_connections_per_host = 2};
  EventLoopExecutor executor;
  std::vector<Future<Fetched>> futures;
  for (int i = 0; i < 5; ++i) {
    futures.push_back(executor.submit(&fetch_on_loop, request_for(one.url()), options));
    futures.push_back(executor.submit(&fetch_on_loop, request_for(two.url()), options));
  }
  one.wait_for_requests(2);
  two.wait_for_requests(1);
  EXPECT_EQ(stats_of(executor, options).in_flight, 3U);
  gate.open();
  for (const auto& future : futures) EXPECT_TRUE(future.result());
  EXPECT_LE(one.connections(), 2U);
  EXPECT_LE(two.connections(), 2U);
}

TEST(Admission, ClosingTheSessionAbortsThoseWhoWait) {
  const RawServer server(hang_on_request());
  struct Fetch {
    static Task<Response> of(Session* session, std::string url) { return session->fetch(request_for(std::move(url))); }
  };
  EventLoopExecutor executor;
  auto session = std::make_shared<std::unique_ptr<Session>>();
  executor
      .submit(
          [session] { *session = std::make_unique<Session>(*Loop::current(), SessionOptions{.max_connections = 1}); })
      .result();
  std::vector<Future<Response>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(executor.submit(&Fetch::of, session->get(), server.url("/hang")));
  server.wait_for_requests(1);
  executor.submit([session] { session->reset(); }).result();
  for (const auto& future : futures) EXPECT_TRUE(is_aborted(future));
}

}  // namespace
}  // namespace overlap::test
