// Requests to names: what the resolver finds out is where they go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "http/fetching.hpp"
#include "support/deaf_address.hpp"
#include "support/dns_server.hpp"

namespace overlap::test {
namespace {

using http::Request;
using http::Session;
using http::SessionOptions;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Kind = DnsReply::Kind;

SessionOptions asking(const DnsServer& dns) {
  return {.ip_version = SessionOptions::IpVersion::v4, .dns_servers = {dns.address()}};
}

std::string url_of(const RawServer& server, const std::string& host, const std::string& path = "/") {
  return "http://" + host + ":" + std::to_string(server.port()) + path;
}

Task<std::size_t> fetch_each(SessionOptions options, std::vector<std::string> urls) {
  std::size_t good = 0;
  Session& session = Session::of_current_loop(options);
  for (const std::string& url : urls) {
    Request request = request_for(url);
    const Fetched fetched = co_await session.try_fetch(std::move(request));
    EXPECT_TRUE(fetched) << fetched.error().message;
    if (fetched) ++good;
  }
  co_return good;
}

TEST(Lookup, ANameIsAskedOfTheNameServerOnce) {
  const RawServer server(answer_all());
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  EXPECT_EQ(run(fetch_each(asking(dns), std::vector(20, url_of(server, "www.example.test")))), 20U);
  EXPECT_THAT(dns.questions(), ElementsAre("www.example.test"));
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_THAT(server.requests().front(), HasSubstr("Host: www.example.test:"));
}

TEST(Lookup, MoreHostsThanAreKeptAllGoWhereTheirNamesSay) {
  const RawServer server(answer_all(ok("x", "Connection: close\r\n")));
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  std::vector<std::string> urls;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 600; ++i) urls.push_back(url_of(server, "host-" + std::to_string(i) + ".test"));
  }
  EXPECT_EQ(run(fetch_each(asking(dns), std::move(urls))), 1200U);
  EXPECT_THAT(dns.questions(), SizeIs(600));
}

TEST(Lookup, ANameThatIsNoneIsDnsAndNotWorthARetry) {
  const DnsServer dns({.kind = Kind::no_such_name});
  const Fetched fetched = try_fetch("http://nosuch.example.test/", asking(dns));
  EXPECT_EQ(class_of(fetched), "dns");
  EXPECT_FALSE(fetched.error().may_retry);
  EXPECT_EQ(fetched.error().message, "http://nosuch.example.test/: there is no such host");
}

TEST(Lookup, AServerThatFailsIsDnsAndWorthARetry) {
  const DnsServer dns({.kind = Kind::server_failure});
  const Fetched fetched = try_fetch("http://www.example.test/", asking(dns));
  EXPECT_EQ(class_of(fetched), "dns");
  EXPECT_TRUE(fetched.error().may_retry);
}

TEST(Lookup, ItCountsAsTimeToConnect) {
  const DnsServer dns({.kind = Kind::silence});
  Request request = request_for("http://www.example.test/");
  request.limits.connect_timeout = milliseconds(50);
  EXPECT_EQ(class_of(try_fetch(request, asking(dns))), "timeout");
}

TEST(Lookup, ItCountsAsTimeOfTheRequest) {
  const DnsServer dns({.kind = Kind::silence});
  Request request = request_for("http://www.example.test/");
  request.limits.max_time = milliseconds(50);
  EXPECT_EQ(class_of(try_fetch(request, asking(dns))), "timeout");
}

TEST(Lookup, ANameThatMeansAPrivateAddressIsRefusedWhenBlocked) {
  const RawServer server(answer_all());
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  SessionOptions options = asking(dns);
  options.block_private = true;
  EXPECT_EQ(class_of(try_fetch(url_of(server, "innocent.example.test"), options)), "refused");
  EXPECT_EQ(server.connections(), 0U);
}

std::vector<std::string> resolving_to(const RawServer& server, const std::string& addresses) {
  return {"www.example.test:" + std::to_string(server.port()) + ":" + addresses};
}

TEST(Lookup, AfterAnAddressThatNeverAnswersTheNextIsTried) {
  const RawServer server(answer_all());
  const DeafAddress deaf(server.port());
  Request request = request_for(url_of(server, "www.example.test"));
  request.limits.connect_timeout = milliseconds(1000);
  const Fetched fetched = try_fetch(request, {.resolve = resolving_to(server, "127.0.0.2,127.0.0.1")});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_THAT(fetched->remote_address, StartsWith("127.0.0.1:"));
}

TEST(Lookup, AfterAnAddressThatRefusesTheNextIsTried) {
  const RawServer server(answer_all());
  const Fetched fetched =
      try_fetch(url_of(server, "www.example.test"), {.resolve = resolving_to(server, "127.0.0.3,127.0.0.1")});
  ASSERT_TRUE(fetched) << fetched.error().message;
}

TEST(Lookup, AGivenAddressIsNotAskedFor) {
  const RawServer server(answer_all());
  const DnsServer dns({.kind = Kind::no_such_name});
  SessionOptions options = asking(dns);
  options.resolve = resolving_to(server, "127.0.0.1");
  EXPECT_TRUE(try_fetch(url_of(server, "www.example.test"), options));
  EXPECT_THAT(dns.questions(), IsEmpty());
}

/// What came of it, by the driver of plain HTTP or (with cookies) by libcurl.
Fetched fetch_over(SessionOptions::IpVersion version, bool by_libcurl, const std::string& url,
                   std::vector<std::string> resolve = {}) {
  SessionOptions options;
  options.ip_version = version;
  options.cookies = by_libcurl;
  options.resolve = std::move(resolve);
  return try_fetch(url, options);
}

TEST(Lookup, AddressesOfTheOtherFamilyAreNotConnectedTo) {
  const RawServer server(answer_all());
  const std::string name = "www.example.test";
  for (const bool by_libcurl : {false, true}) {
    const auto refused = [&](SessionOptions::IpVersion version, const std::string& host, const std::string& given) {
      std::vector<std::string> resolve;
      if (!given.empty()) resolve = resolving_to(server, given);
      const Fetched fetched = fetch_over(version, by_libcurl, url_of(server, host), std::move(resolve));
      EXPECT_EQ(class_of(fetched), "dns") << host;
      if (fetched) return std::string();
      EXPECT_FALSE(fetched.error().may_retry) << host;
      return fetched.error().message.substr(fetched.error().message.rfind(": ") + 2);
    };
    using enum SessionOptions::IpVersion;
    for (const std::string host : {"127.0.0.1", "127.1", "0x7f.1", "%31%32%37.0.0.1", "[::ffff:127.0.0.1]"})
      EXPECT_EQ(refused(v6, host, ""), "it has no IPv6 address") << host;
    EXPECT_EQ(refused(v4, "[::1]", ""), "it has no IPv4 address");
    EXPECT_EQ(refused(v6, name, "127.0.0.1"), "it has no IPv6 address");
    EXPECT_EQ(refused(v4, name, "[::1]"), "it has no IPv4 address");
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(Lookup, AddressesOfTheChosenFamilyAreConnectedTo) {
  const RawServer server(answer_all());
  const std::string name = "www.example.test";
  for (const bool by_libcurl : {false, true}) {
    using enum SessionOptions::IpVersion;
    EXPECT_TRUE(fetch_over(v4, by_libcurl, url_of(server, "127.0.0.1")));
    EXPECT_TRUE(fetch_over(v4, by_libcurl, url_of(server, name), resolving_to(server, "[::1],127.0.0.1")));
  }
}

TEST(Lookup, LocalhostMayEndInADot) {
  const RawServer server(answer_all());
  for (const bool by_libcurl : {false, true}) {
    for (const std::string host : {"localhost.", "LocalHost.", "a.localhost."})
      EXPECT_TRUE(fetch_over(SessionOptions::IpVersion::v4, by_libcurl, url_of(server, host))) << host;
  }
}

TEST(Lookup, OptionsThatCannotBeReadAreSaid) {
  Loop loop;
  EXPECT_THROW(Session(loop, {.resolve = {"host:80:elsewhere"}}), std::invalid_argument);
  EXPECT_THROW(Session(loop, {.dns_servers = {"elsewhere"}}), std::invalid_argument);
}

}  // namespace
}  // namespace overlap::test
