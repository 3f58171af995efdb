// `overlap get` through proxies that are not ours: tinyproxy for HTTP and CONNECT, microsocks for SOCKS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/deaf_address.hpp"
#include "support/dns_server.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/proxies.hpp"

namespace overlap {
namespace {

using test::DeafAddress;
using test::DnsReply;
using test::DnsServer;
using test::HttpProxy;
using test::Nginx;
using test::SocksProxy;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing_support::Origin;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

/// The body of the one URL, fetched with these flags and this environment.
std::string fetch(const std::string& url, std::vector<std::string> flags, std::vector<std::string> environment = {}) {
  const TemporaryDirectory out;
  flags.insert(flags.begin(), {program(), "get", url, "-P", out.path(), "-o", "body", "--retry", "0"});
  const ProgramResult result = run_program(flags, {.text = "", .environment = std::move(environment), .directory = {}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? out.read("body") : "";
}

/// The same command without the proxy: what has failed is fetched.
void expect_asked_again(const std::string& url, const std::string& directory, std::vector<std::string> flags = {}) {
  flags.insert(flags.begin(), {program(), "get", url, "-P", directory, "-x", ""});
  const ProgramResult again = run_program(flags);
  EXPECT_EQ(again.exit_code, 0) << again.err << again.out;
  EXPECT_EQ(rows_of(directory).at(0).state, manifest::State::ok);
}

std::string port_of(const Origin& origin) { return origin.url().substr(origin.url().rfind(':') + 1); }

TEST(Proxy, PlainRequestsGoThroughAnHttpProxy) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Origin origin;
  const HttpProxy proxy;
  for (const std::string model : {"inline", "threads", "loop", "processes"})
    EXPECT_THAT(fetch(origin.url("/echo"), {"-x", proxy.url(), "--model", model}), HasSubstr("a-proxy")) << model;
  EXPECT_THAT(fetch(origin.url("/echo"), {"-x", proxy.authority()}), HasSubstr("a-proxy"));
}

TEST(Proxy, TlsGoesThroughAnHttpProxyUnread) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Nginx server({.tls = true, .http2 = true});
  server.write("page", "secret");
  const HttpProxy proxy;
  EXPECT_EQ(fetch(server.url("/page"), {"-x", proxy.url(), "--cacert", server.certificates().ca()}), "secret");
}

TEST(Proxy, WhatTheServerBehindATunnelDoesWrongIsNotTheProxys) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Nginx server({.tls = true});
  const HttpProxy proxy;
  const TemporaryDirectory out;
  const ProgramResult result =
      run_program({program(), "get", server.url("/page"), "-x", proxy.url(), "-P", out.path()});
  EXPECT_EQ(result.exit_code, 1);
  const auto row = rows_of(out.path()).at(0);
  EXPECT_EQ(row.error_class, "tls") << "a certificate by nobody who is known";
  EXPECT_EQ(row.tries, 1);
  EXPECT_THAT(row.message, Not(HasSubstr("proxy")));
}

TEST(Proxy, TheEnvironmentNamesOneAndItsExceptions) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Origin origin;
  const HttpProxy proxy;
  const std::string url = origin.url("/echo");
  const std::string local = "http://localhost:" + port_of(origin) + "/echo";
  const std::string named = "http_proxy=" + proxy.url();
  EXPECT_THAT(fetch(url, {}, {named}), HasSubstr("a-proxy"));
  EXPECT_THAT(fetch(url, {}, {"HTTP_PROXY=" + proxy.url()}), Not(HasSubstr("a-proxy"))) << "only in lower case";
  EXPECT_THAT(fetch(url, {}, {"https_proxy=" + proxy.url()}), Not(HasSubstr("a-proxy")));
  EXPECT_THAT(fetch(url, {}, {named, "no_proxy=127.0.0.1"}), Not(HasSubstr("a-proxy")));
  EXPECT_THAT(fetch(url, {}, {named, "no_proxy=example.com, 127.0.0.0/8"}), Not(HasSubstr("a-proxy")));
  EXPECT_THAT(fetch(local, {}, {named, "no_proxy=localhost"}), Not(HasSubstr("a-proxy")));
  EXPECT_THAT(fetch(local, {}, {named, "no_proxy=host"}), HasSubstr("a-proxy"));
  EXPECT_THAT(fetch(url, {"-x", ""}, {named}), Not(HasSubstr("a-proxy")));
}

TEST(Proxy, AProxyThatWantsAPasswordGetsTheOneOfTheEnvironment) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Origin origin;
  const HttpProxy proxy("BasicAuth me s3cret\n");
  const std::string body = fetch(origin.url("/echo"), {}, {"http_proxy=http://me:s3cret@" + proxy.authority()});
  EXPECT_THAT(body, HasSubstr("a-proxy"));
  EXPECT_THAT(body, Not(HasSubstr("Proxy-Authorization"))) << "that is for the proxy alone";
  const TemporaryDirectory out;
  const ProgramResult result =
      run_program({program(), "get", origin.url("/echo"), "-x", proxy.url(), "-P", out.path()});
  EXPECT_EQ(result.exit_code, 1);
  const auto row = rows_of(out.path()).at(0);
  EXPECT_EQ(row.http_status, 407);
  EXPECT_EQ(row.tries, 1) << "in vain while the run lasts";
  EXPECT_EQ(row.message, "HTTP status 407: the proxy " + proxy.authority() + " wants a user and password");
  expect_asked_again(origin.url("/echo"), out.path());
}

TEST(Proxy, ATunnelThatAProxyGrantsToNobodyUnknownIsAskedForAgain) {
  ASSERT_TRUE(HttpProxy::is_installed()) << "tinyproxy is not installed: script/bootstrap test";
  const Nginx server({.tls = true});
  server.write("page", "secret");
  const HttpProxy proxy("BasicAuth me s3cret\n");
  const TemporaryDirectory out;
  const ProgramResult wrong =
      run_program({program(), "get", server.url("/page"), "--retry", "0", "-P", out.path()},
                  {.text = "", .environment = {"https_proxy=http://me:wr0ng@" + proxy.authority()}, .directory = {}});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err + wrong.out, HasSubstr("the proxy " + proxy.authority() + ": "));
  EXPECT_THAT(wrong.err + wrong.out, Not(HasSubstr("wr0ng")));
  const ProgramResult result =
      run_program({program(), "get", server.url("/page"), "-x", proxy.url(), "-P", out.path()});
  EXPECT_EQ(result.exit_code, 1);
  const auto row = rows_of(out.path()).at(0);
  EXPECT_EQ(row.error_class, "connect");
  EXPECT_EQ(row.tries, 1);
  EXPECT_EQ(row.message, "the proxy " + proxy.authority() + " wants a user and password (HTTP status 407)");
  expect_asked_again(server.url("/page"), out.path(), {"--cacert", server.certificates().ca()});
}

TEST(Proxy, AProxyThatIsNoneIsNamedAndLeavesNothingFailedForGood) {
  const Origin origin;
  const DnsServer none({.kind = DnsReply::Kind::no_such_name});
  for (const std::string proxy : {"http://nosuch.example.test:3128", "socks5h://127.0.0.1:1", "https://127.0.0.1:1"}) {
    const TemporaryDirectory out;
    const ProgramResult result = run_program({program(), "get", origin.url("/echo"), "-x", proxy, "--dns-servers",
                                              none.address(), "--retry", "0", "-P", out.path()});
    EXPECT_EQ(result.exit_code, 1);
    const auto row = rows_of(out.path()).at(0);
    EXPECT_EQ(row.error_class, "connect") << proxy;
    EXPECT_THAT(row.message, StartsWith("the proxy " + proxy.substr(proxy.find("//") + 2) + ": "));
    EXPECT_THAT(result.out + result.err, HasSubstr("is it the right proxy"));
    expect_asked_again(origin.url("/echo"), out.path());
  }
}

TEST(Proxy, AProxyThatNeverAnswersIsNamed) {
  const std::uint16_t port = test::free_port();
  const DeafAddress deaf(port);
  const std::string proxy = "127.0.0.2:" + std::to_string(port);
  for (const std::string url : {"http://127.0.0.1:1/", "https://127.0.0.1:1/"}) {
    const TemporaryDirectory out;
    const ProgramResult result = run_program({program(), "get", url, "-x", "http://" + proxy, "--retry", "0",
                                              "--connect-timeout", "100ms", "-P", out.path()});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(rows_of(out.path()).at(0).error_class, "timeout");
    EXPECT_THAT(rows_of(out.path()).at(0).message, StartsWith("the proxy " + proxy + ": ")) << url;
  }
}

TEST(Proxy, AnUnknownKindOfProxyIsRefusedAtTheStart) {
  const TemporaryDirectory out;
  const ProgramResult result =
      run_program({program(), "get", "http://127.0.0.1:1/", "-x", "foo://x", "-P", out.path()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--proxy: 'foo' is no scheme of a proxy"));
}

TEST(Proxy, AnUnknownKindOfProxyInTheEnvironmentIsToldWithoutItsPassword) {
  const TemporaryDirectory out;
  const ProgramResult result =
      run_program({program(), "get", "http://127.0.0.1:1/", "--retry", "0", "-P", out.path()},
                  {.text = "", .environment = {"http_proxy=foo://me:s3cret@x"}, .directory = {}});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out + result.err, Not(HasSubstr("s3cret")));
  EXPECT_EQ(rows_of(out.path()).at(0).error_class, "connect");
  EXPECT_THAT(rows_of(out.path()).at(0).message, HasSubstr("'foo' is no scheme of a proxy"));
}

TEST(Proxy, AProxyThatIsNotThereIsConnectAndTriedAgain) {
  const TemporaryDirectory out;
  const ProgramResult result = run_program({program(), "get", "http://www.example.test/", "-x", "http://127.0.0.1:1",
                                            "--retry", "1", "--retry-delay", "1ms", "-P", out.path()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(rows_of(out.path()).at(0).error_class, "connect");
  EXPECT_EQ(rows_of(out.path()).at(0).tries, 2);
}

TEST(Proxy, RequestsGoThroughASocksProxy) {
  ASSERT_TRUE(SocksProxy::is_installed()) << "microsocks is not installed: script/bootstrap test";
  const Origin origin;
  const SocksProxy proxy;
  EXPECT_THAT(fetch(origin.url("/echo"), {"-x", "socks5://" + proxy.authority()}), HasSubstr("GET /echo"));
  EXPECT_TRUE(proxy.has_connected_to("127.0.0.1:" + port_of(origin)));
}

TEST(Proxy, ASocksProxyLooksNamesUpItselfOrIsGivenTheAddress) {
  ASSERT_TRUE(SocksProxy::is_installed()) << "microsocks is not installed: script/bootstrap test";
  const Origin origin;
  const SocksProxy proxy;
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  const std::string port = port_of(origin);
  const std::vector<std::string> flags = {"-4", "--dns-servers", dns.address(), "-x"};
  std::vector<std::string> by_name = flags;
  by_name.push_back("socks5h://" + proxy.authority());
  EXPECT_THAT(fetch("http://localhost:" + port + "/echo", by_name), HasSubstr("Host: localhost"));
  EXPECT_THAT(dns.questions(), IsEmpty());
  std::vector<std::string> by_address = flags;
  by_address.push_back("socks5://" + proxy.authority());
  EXPECT_THAT(fetch("http://www.example.test:" + port + "/echo", by_address), HasSubstr("Host: www.example.test"));
  EXPECT_EQ(dns.questions().size(), 1U);
}

}  // namespace
}  // namespace overlap
