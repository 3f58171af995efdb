#include "http/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <overlap/async/gather.hpp>
#include <overlap/async/loop.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>

#include "support/dns_server.hpp"

namespace overlap::test {
namespace {

using http::detail::AddressOverrides;
using http::detail::Resolver;
using std::chrono::milliseconds;
using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;
using Kind = DnsReply::Kind;

Resolver::Options asking(const DnsServer& server) {
  Resolver::Options options;
  options.dns.servers = {server.address()};
  options.dns.family = AF_INET;  // one question a name
  options.dns.timeout = milliseconds(50);
  options.dns.tries = 2;
  return options;
}

std::string show(const Resolver::Result& result) {
  if (!result) return std::string(to_string(result.error().error_class)) + (result.error().may_retry ? ", retry" : "");
  std::string text;
  for (const auto& address : **result) text += (text.empty() ? "" : " ") + address.to_string();
  return text;
}

using Steps = std::function<Task<void>(Resolver&)>;

Task<void> with_resolver(Resolver::Options options, Steps steps) {
  Resolver resolver(*Loop::current(), std::move(options));
  co_await steps(resolver);
}

/// Runs the steps with a resolver on a fresh loop.
void resolving(Resolver::Options options, Steps steps) { run(with_resolver(std::move(options), std::move(steps))); }

/// `host` must live until then.
Task<std::string> shown(Resolver& resolver, std::string_view host) {
  std::string name(host);
  const Resolver::Result result = co_await resolver.resolve(std::move(name), 80);
  co_return show(result);
}

Task<std::vector<std::string>> shown_all(Resolver& resolver, std::vector<std::string> hosts) {
  std::vector<Task<std::string>> tasks;
  for (const std::string& host : hosts) tasks.push_back(shown(resolver, host));
  co_return co_await gather(std::move(tasks));
}

std::string resolved(Resolver::Options options, const std::string& host) {
  std::string text;
  resolving(std::move(options), [&](Resolver& resolver) -> Task<void> { text = co_await shown(resolver, host); });
  return text;
}

TEST(Resolver, GivesTheAddressesOfAName) {
  const DnsServer server({.addresses = {"192.0.2.1", "192.0.2.2"}});
  const std::string text = resolved(asking(server), "www.example.com");
  EXPECT_TRUE(text == "192.0.2.1 192.0.2.2" || text == "192.0.2.2 192.0.2.1") << text;
}

TEST(Resolver, AsksForBothFamilies) {
  const DnsServer server({.addresses = {"192.0.2.1", "2001:db8::1"}});
  Resolver::Options options = asking(server);
  options.dns.family = AF_UNSPEC;
  const std::string text = resolved(options, "www.example.com");
  EXPECT_NE(text.find("192.0.2.1"), std::string::npos) << text;
  EXPECT_NE(text.find("2001:db8::1"), std::string::npos) << text;
}

TEST(Resolver, FollowsAliases) {
  const DnsServer server({.addresses = {"192.0.2.7"}, .alias_of = "real.example.net"});
  EXPECT_EQ(resolved(asking(server), "alias.example.com"), "192.0.2.7");
}

TEST(Resolver, ANameThatIsNoneIsDnsAndNotWorthARetry) {
  const DnsServer server({.kind = Kind::no_such_name});
  EXPECT_EQ(resolved(asking(server), "nosuch.example.com"), "dns");
}

TEST(Resolver, ANameWithoutAddressesIsDnsAndNotWorthARetry) {
  const DnsServer server(DnsReply{});
  EXPECT_EQ(resolved(asking(server), "empty.example.com"), "dns");
}

TEST(Resolver, AServerThatFailsIsDnsAndWorthARetry) {
  const DnsServer server({.kind = Kind::server_failure});
  EXPECT_EQ(resolved(asking(server), "www.example.com"), "dns, retry");
}

TEST(Resolver, AServerThatIsSilentIsDnsAndWorthARetry) {
  const DnsServer server({.kind = Kind::silence});
  EXPECT_EQ(resolved(asking(server), "www.example.com"), "dns, retry");
  EXPECT_THAT(server.questions(), SizeIs(2)) << "every one of its tries";
}

TEST(Resolver, ADeadlineEndsTheWait) {
  const DnsServer server({.kind = Kind::silence});
  Resolver::Options options = asking(server);
  options.dns.timeout = std::chrono::hours(1);
  resolving(options, [](Resolver& resolver) -> Task<void> {
    std::string name = "www.example.com";
    const TimePoint deadline = Clock::now() + milliseconds(20);
    const Resolver::Result result = co_await resolver.resolve(std::move(name), 80, deadline);
    EXPECT_EQ(show(result), "timeout, retry");
  });
}

TEST(Resolver, AnAnswerIsRememberedForItsTime) {
  const DnsServer server({.addresses = {"192.0.2.1"}, .ttl = 300});
  resolving(asking(server), [&](Resolver& resolver) -> Task<void> {
    EXPECT_FALSE(resolver.known("www.example.com", 80));
    EXPECT_EQ(co_await shown(resolver, "www.example.com"), "192.0.2.1");
    EXPECT_EQ(co_await shown(resolver, "WWW.Example.Com"), "192.0.2.1");
    EXPECT_TRUE(resolver.known("www.example.com", 443));
  });
  EXPECT_THAT(server.questions(), ElementsAre("www.example.com"));
}

TEST(Resolver, AnAnswerIsAskedForAgainWhenItsTimeIsOver) {
  const DnsServer server({.addresses = {"192.0.2.1"}, .ttl = 0});
  Resolver::Options options = asking(server);
  options.min_ttl = milliseconds(0);
  resolving(options, [&](Resolver& resolver) -> Task<void> {
    co_await shown(resolver, "www.example.com");
    co_await shown(resolver, "www.example.com");
  });
  EXPECT_THAT(server.questions(), SizeIs(2));
}

TEST(Resolver, ANameThatIsNoneIsRememberedBriefly) {
  const DnsServer server({.kind = Kind::no_such_name});
  Resolver::Options options = asking(server);
  resolving(options, [&](Resolver& resolver) -> Task<void> {
    co_await shown(resolver, "nosuch.example.com");
    EXPECT_EQ(co_await shown(resolver, "nosuch.example.com"), "dns");
  });
  const std::size_t once = server.questions().size();
  options.negative_ttl = milliseconds(0);
  resolving(options, [&](Resolver& resolver) -> Task<void> {
    co_await shown(resolver, "nosuch.example.com");
    co_await shown(resolver, "nosuch.example.com");
  });
  EXPECT_EQ(server.questions().size(), 3 * once);
}

TEST(Resolver, AFailureOfTheServersIsNotRemembered) {
  int asked = 0;
  const DnsServer server([&](const std::string&) -> DnsReply {
    if (++asked <= 2) return {.kind = Kind::server_failure};  // both of its tries
    return {.addresses = {"192.0.2.1"}};
  });
  resolving(asking(server), [&](Resolver& resolver) -> Task<void> {
    EXPECT_EQ(co_await shown(resolver, "www.example.com"), "dns, retry");
    EXPECT_EQ(co_await shown(resolver, "www.example.com"), "192.0.2.1");
  });
}

TEST(Resolver, AnOldAnswerServesWhileTheServersFail) {
  bool first = true;
  const DnsServer server([&](const std::string&) -> DnsReply {
    if (std::exchange(first, false)) return {.addresses = {"192.0.2.1"}, .ttl = 0};
    return {.kind = Kind::server_failure};
  });
  Resolver::Options options = asking(server);
  options.min_ttl = milliseconds(0);
  resolving(options, [&](Resolver& resolver) -> Task<void> {
    EXPECT_EQ(co_await shown(resolver, "www.example.com"), "192.0.2.1");
    EXPECT_EQ(co_await shown(resolver, "www.example.com"), "192.0.2.1");
  });
  EXPECT_GE(server.questions().size(), 2U);
}

TEST(Resolver, ThoseWhoAskForOneNameShareItsLookup) {
  const DnsServer server({.addresses = {"192.0.2.1"}});
  resolving(asking(server), [](Resolver& resolver) -> Task<void> {
    std::vector<std::string> hosts(100, "www.example.com");
    const auto all = co_await shown_all(resolver, std::move(hosts));
    EXPECT_THAT(all, Each("192.0.2.1"));
    EXPECT_EQ(resolver.stats().lookups_made, 1U);
  });
  EXPECT_THAT(server.questions(), ElementsAre("www.example.com"));
}

std::vector<std::string> names(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back("host-" + std::to_string(i) + ".example.com");
  return all;
}

/// What the resolver is doing once each of these has asked, while no server answers.
Resolver::Stats stats_while_asking(Resolver::Options options, int failures_before, int count) {
  Resolver::Stats stats;
  resolving(std::move(options), [&](Resolver& resolver) -> Task<void> {
    std::vector<std::string> first = names(failures_before);
    co_await shown_all(resolver, std::move(first));
    std::vector<std::string> silent = names(count);
    for (std::string& name : silent) name = "silent-" + name;
    auto all = detail::start_child(shown_all(resolver, std::move(silent)));
    co_await sleep_for(milliseconds(0));
    co_await sleep_for(milliseconds(0));
    stats = resolver.stats();
  });
  return stats;
}

DnsReply fail_or_be_silent(const std::string& name) {
  return {.kind = name.starts_with("silent") ? Kind::silence : Kind::server_failure};
}

TEST(Resolver, NoMoreLookupsRunAtOnceThanAllowed) {
  const DnsServer server(fail_or_be_silent);
  Resolver::Options options = asking(server);
  options.dns.timeout = std::chrono::hours(1);
  options.max_lookups = 8;
  const Resolver::Stats stats = stats_while_asking(options, 0, 200);
  EXPECT_EQ(stats.lookups_running, 8U);
  EXPECT_EQ(stats.lookups_waiting, 192U);
}

TEST(Resolver, WhatWaitedIsLookedUpInItsTurn) {
  const DnsServer server({.addresses = {"192.0.2.1"}});
  Resolver::Options options = asking(server);
  options.max_lookups = 8;
  resolving(options, [](Resolver& resolver) -> Task<void> {
    std::vector<std::string> hosts = names(200);
    EXPECT_THAT(co_await shown_all(resolver, std::move(hosts)), Each("192.0.2.1"));
    EXPECT_EQ(resolver.stats().lookups_made, 200U);
  });
}

TEST(Resolver, ServersThatFailAreGivenLessToDo) {
  const DnsServer server(fail_or_be_silent);
  Resolver::Options options = asking(server);
  options.dns.timeout = std::chrono::hours(1);
  options.max_lookups = 64;
  const Resolver::Stats stats = stats_while_asking(options, 10, 50);
  EXPECT_EQ(stats.lookups_running, 4U);
  EXPECT_EQ(stats.lookups_waiting, 46U);
}

TEST(Resolver, AHundredThousandNamesTakeBoundedMemory) {
  constexpr int kNames = 100'000;
  const DnsServer server({.addresses = {"192.0.2.1"}});
  Resolver::Options options = asking(server);
  options.dns.timeout = std::chrono::seconds(20);  // a busy machine is not a silent server
  options.max_entries = 1000;
  options.max_lookups = 64;
  int found = 0;
  resolving(options, [&](Resolver& resolver) -> Task<void> {
    auto ask_some = [](Resolver& at, int first, int step, int& count) -> Task<void> {
      for (int i = first; i < kNames; i += step) {
        std::string name = "host-" + std::to_string(i) + ".example.com";
        const Resolver::Result result = co_await at.resolve(std::move(name), 80);
        count += result ? 1 : 0;
      }
    };
    std::vector<Task<void>> tasks;
    for (int first = 0; first < 64; ++first) tasks.push_back(ask_some(resolver, first, 64, found));
    co_await gather(std::move(tasks));
    EXPECT_EQ(resolver.stats().names, 1000U);
  });
  EXPECT_EQ(found, kNames);
}

TEST(Resolver, AddressesAreTakenAsTheyAre) {
  const DnsServer server({.kind = Kind::no_such_name});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"192.0.2.1", "192.0.2.1"}, {"[2001:db8::1]", "2001:db8::1"}, {"127.1", "127.0.0.1"},
      {"0x7f.1", "127.0.0.1"},    {"2130706433", "127.0.0.1"},      {"0177.0.0.1", "127.0.0.1"},
  };
  Resolver::Options options = asking(server);
  options.dns.family = AF_UNSPEC;
  for (const auto& [host, address] : cases) EXPECT_EQ(resolved(options, host), address) << host;
  EXPECT_THAT(server.questions(), SizeIs(0));
}

TEST(Resolver, LocalhostNeedsNoServer) {
  const DnsServer server({.kind = Kind::no_such_name});
  EXPECT_EQ(resolved(asking(server), "localhost"), "127.0.0.1");
  EXPECT_EQ(resolved(asking(server), "a.LocalHost"), "127.0.0.1");
  EXPECT_EQ(resolved(asking(server), "localhost."), "127.0.0.1");
  Resolver::Options both = asking(server);
  both.dns.family = AF_UNSPEC;
  EXPECT_EQ(resolved(both, "localhost"), "127.0.0.1 ::1");
  EXPECT_THAT(server.questions(), SizeIs(0));
}

TEST(Resolver, GivenAddressesTakeTheirNamesPlace) {
  const DnsServer server({.addresses = {"192.0.2.1"}});
  Resolver::Options options = asking(server);
  const std::vector<std::string> entries = {"www.example.com:80:198.51.100.1,[2001:db8::5]", "*:8080:198.51.100.2",
                                            "www.example.com:443:198.51.100.3"};
  auto overrides = AddressOverrides::parse(entries);
  ASSERT_TRUE(overrides) << overrides.error();
  options.overrides = std::move(*overrides);
  resolving(options, [](Resolver& resolver) -> Task<void> {
    EXPECT_EQ(show(*resolver.known("WWW.example.com", 80)), "198.51.100.1 2001:db8::5");
    EXPECT_EQ(show(*resolver.known("www.example.com", 443)), "198.51.100.3");
    EXPECT_EQ(show(*resolver.known("other.example.com", 8080)), "198.51.100.2");
    EXPECT_FALSE(resolver.known("other.example.com", 80));
    co_return;
  });
}

TEST(Resolver, ANameThatIsTooLongIsNotAskedFor) {
  const DnsServer server({.addresses = {"192.0.2.1"}});
  EXPECT_EQ(resolved(asking(server), std::string(300, 'a')), "dns");
  EXPECT_EQ(resolved(asking(server), std::string(70, 'a') + ".example.com"), "dns") << "a label of 70 bytes";
  EXPECT_THAT(server.questions(), SizeIs(0));
}

TEST(Resolver, ATaskThatIsCancelledStopsWaitingAndTheOthersGoOn) {
  DnsReply late{.addresses = {"192.0.2.1"}};
  bool first = true;
  const DnsServer server([&](const std::string&) {
    return std::exchange(first, false) ? DnsReply{.kind = Kind::silence} : late;  // the second try is answered
  });
  resolving(asking(server), [](Resolver& resolver) -> Task<void> {
    auto cancelled = detail::start_child(shown(resolver, "www.example.com"));
    auto other = detail::start_child(shown(resolver, "www.example.com"));
    co_await sleep_for(milliseconds(0));
    cancelled->started.cancel();
    co_await cancelled->ended.wait(std::nullopt);
    EXPECT_TRUE(detail::ended_by_cancel(cancelled->outcome.error()));
    co_await other->ended.wait(std::nullopt);
    EXPECT_EQ(other->outcome.value(), "192.0.2.1");
  });
}

TEST(Resolver, ClosingItEndsThoseWhoWait) {
  const DnsServer server({.kind = Kind::silence});
  resolving(asking(server), [](Resolver& resolver) -> Task<void> {
    auto waiting = detail::start_child(shown(resolver, "www.example.com"));
    co_await sleep_for(milliseconds(0));
    resolver.close();
    co_await waiting->ended.wait(std::nullopt);
    EXPECT_TRUE(detail::ended_by_cancel(waiting->outcome.error()));
    bool refused = false;
    try {
      co_await shown(resolver, "other.example.com");
    } catch (const boost::system::system_error& error) {
      refused = error.code() == boost::asio::error::operation_aborted;
    }
    EXPECT_TRUE(refused);
  });
}

TEST(Resolver, ALoopThatEndsTakesThoseWhoWaitWithIt) {
  const DnsServer server({.kind = Kind::silence});
  std::unique_ptr<Resolver> resolver;
  run([](const DnsServer& at, std::unique_ptr<Resolver>& made) -> Task<void> {
    made = std::make_unique<Resolver>(*Loop::current(), asking(at));
    auto waiting = detail::start_child(shown(*made, "www.example.com"));
    co_await sleep_for(milliseconds(0));
    made->abandon();
  }(server, resolver));
}

}  // namespace
}  // namespace overlap::test
