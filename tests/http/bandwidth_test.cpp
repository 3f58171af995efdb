// A limit of the bandwidth, between the requests of one session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <overlap/async/gather.hpp>
#include <overlap/http/bandwidth.hpp>

#include "http/fetching.hpp"
#include "support/hook_recorder.hpp"
#include "support/nginx.hpp"
#include "support/raw_server.hpp"

namespace overlap::test {
namespace {

using http::Failure;
using http::Response;

/// A kilobyte every 0.2 ms.
class Trickle final : public http::Bandwidth {
 public:
  TimePoint take(std::size_t bytes) noexcept override {
    if (bytes > 0) due_ = std::max(due_, Clock::now()) + bytes * std::chrono::nanoseconds(200);
    return due_;
  }
  std::size_t most_at_once() const noexcept override { return 1024; }

 private:
  TimePoint due_ = TimePoint::min();  // of one loop
};

/// Whose pieces came, in their order.
class Sharer final : public http::Sink {
 public:
  Sharer(int number, std::vector<int>& order) : number_(number), order_(order) {}
  std::expected<void, Failure> begin(const Response&) override { return {}; }
  std::expected<void, Failure> write(std::span<const std::byte>) override {
    order_.push_back(number_);
    return {};
  }

 private:
  const int number_;
  std::vector<int>& order_;
};

Task<void> fetch_all(std::string url, http::SessionOptions options, std::vector<std::unique_ptr<Sharer>>* sinks) {
  std::vector<Task<Fetched>> tasks;
  for (const auto& sink : *sinks) {
    http::Request request = request_for(url);
    request.sink = sink.get();
    tasks.push_back(http::Session::of_current_loop(options).try_fetch(std::move(request)));
  }
  for (const Fetched& fetched : co_await gather(std::move(tasks))) EXPECT_TRUE(fetched) << class_of(fetched);
}

class BandwidthOver : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Protocols, BandwidthOver, testing::Values(false, true),
                         [](const auto& tls) { return tls.param ? "Tls" : "PlainHttp"; });

TEST_P(BandwidthOver, BodiesThatComeAtTheSameTimeGetTheirPiecesInTurn) {
  constexpr int kBodies = 4;
  const Nginx nginx({.tls = GetParam()});
  nginx.write("body", std::string(300'000, 'b'));
  http::SessionOptions options;
  options.http_version = http::SessionOptions::HttpVersion::http1_1;
  if (GetParam()) options.ca_file = nginx.certificates().ca();
  std::vector<int> order;
  std::vector<std::unique_ptr<Sharer>> sinks;
  for (int i = 0; i < kBodies; ++i) sinks.push_back(std::make_unique<Sharer>(i, order));

  http::limit_bandwidth(std::make_shared<Trickle>());
  run(fetch_all(nginx.url("/body"), options, &sinks));
  http::limit_bandwidth(nullptr);

  // From when all have begun until one has got its last piece.
  std::set<int> begun;
  const auto all_began = std::ranges::find_if(order, [&begun](int number) {
    begun.insert(number);
    return begun.size() == kBodies;
  });
  std::vector<int> pieces(kBodies);
  for (const int number : order) ++pieces[static_cast<std::size_t>(number)];
  auto one_ended = order.begin();
  for (std::vector<int> left = pieces; one_ended != order.end(); ++one_ended) {
    if (--left[static_cast<std::size_t>(*one_ended)] == 0) break;
  }
  ASSERT_GT(one_ended - all_began, 3 * kBodies) << "one had all the bandwidth until it was done";
  int longest = 0;
  int in_a_row = 0;
  for (auto piece = all_began; piece != one_ended; ++piece) {
    in_a_row = piece != all_began && *piece == *(piece - 1) ? in_a_row + 1 : 1;
    longest = std::max(longest, in_a_row);
  }
  EXPECT_LE(longest, 8);
}

/// Gives none until so much time has passed, and counts how often it is asked.
class Late final : public http::Bandwidth {
 public:
  TimePoint take(std::size_t) noexcept override {
    ++asked_;
    return due_;
  }
  std::size_t most_at_once() const noexcept override { return 1024; }
  int asked() const { return asked_; }

 private:
  const TimePoint due_ = Clock::now() + std::chrono::milliseconds(200);
  int asked_ = 0;  // of one loop
};

Task<void> post_in_vain(std::string url, int count) {
  std::vector<Task<Fetched>> tasks;
  for (int i = 0; i < count; ++i) {
    http::Request request = request_for(url);
    request.method = "POST";
    request.body = std::string(8'000'000, 'x');  // more than the kernel takes at once
    tasks.push_back(http::Session::of_current_loop({}).try_fetch(std::move(request)));
  }
  for (const Fetched& fetched : co_await gather(std::move(tasks))) EXPECT_FALSE(fetched);
}

TEST(Bandwidth, ARequestThatBreaksWhileItIsSentWaitsForItsTurnOnceAndWithoutPolling) {
  const HookRecorder hook;
  const RawServer server([](RawConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n");
    connection.reset();
  });
  const auto late = std::make_shared<Late>();
  http::limit_bandwidth(late);
  run(post_in_vain(server.url("/"), 3));
  http::limit_bandwidth(nullptr);
  EXPECT_THAT(hook.reports(), testing::IsEmpty());
  EXPECT_LT(late->asked(), 30);
}

}  // namespace
}  // namespace overlap::test
