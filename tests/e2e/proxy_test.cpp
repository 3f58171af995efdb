// `overlap get` through proxies that are not ours: tinyproxy for HTTP and CONNECT, microsocks for SOCKS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/dns_server.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/proxies.hpp"

namespace overlap {
namespace {

using test::DnsServer;
using test::HttpProxy;
using test::Nginx;
using test::SocksProxy;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
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
  EXPECT_EQ(rows_of(out.path()).at(0).http_status, 407);
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
