#include "http/proxy_rules.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace overlap::test {
namespace {

using http::SessionOptions;
using http::detail::ProxyRules;
using Variables = std::map<std::string, std::string>;

std::string proxy_of(const std::string& url, Variables variables, const SessionOptions& options = {}) {
  const ProxyRules rules(options, [&](const char* name) { return variables[name]; });
  const ProxyRules::Proxy* const proxy = rules.proxy_for(url);
  return proxy != nullptr ? proxy->url : "";
}

TEST(ProxyRules, TheEnvironmentNamesAProxyForEachScheme) {
  const Variables both = {{"http_proxy", "http://a:1"}, {"https_proxy", "http://b:2"}};
  EXPECT_EQ(proxy_of("http://example.com/", both), "http://a:1");
  EXPECT_EQ(proxy_of("https://example.com/", both), "http://b:2");
  EXPECT_EQ(proxy_of("https://example.com/", {{"http_proxy", "http://a:1"}}), "");
  EXPECT_EQ(proxy_of("https://example.com/", {{"all_proxy", "socks5h://a:1"}}), "socks5h://a:1");
  EXPECT_EQ(proxy_of("http://example.com/", {{"HTTP_PROXY", "http://a:1"}}), "") << "anybody can set that of a CGI";
  EXPECT_EQ(proxy_of("https://example.com/", {{"HTTPS_PROXY", "http://a:1"}}), "http://a:1");
}

TEST(ProxyRules, TheOptionGoesBeforeTheEnvironment) {
  const Variables variables = {{"http_proxy", "http://a:1"}, {"no_proxy", "example.net"}};
  EXPECT_EQ(proxy_of("http://example.com/", variables, {.proxy = "http://b:2"}), "http://b:2");
  EXPECT_EQ(proxy_of("http://example.net/", variables, {.proxy = "http://b:2"}), "");
  EXPECT_EQ(proxy_of("http://example.com/", variables, {.no_proxy = true}), "");
}

TEST(ProxyRules, SomeHostsAreAskedDirectly) {
  const auto direct = [](const std::string& url, const std::string& list) {
    return proxy_of(url, {{"http_proxy", "http://a:1"}, {"no_proxy", list}}).empty();
  };
  EXPECT_TRUE(direct("http://example.com/", "example.com"));
  EXPECT_TRUE(direct("http://www.Example.com:8080/", "other.org, .example.COM"));
  EXPECT_TRUE(direct("http://example.com./", "example.com"));
  EXPECT_TRUE(direct("http://anything/", "*"));
  EXPECT_TRUE(direct("http://10.1.2.3/", "10.0.0.0/8"));
  EXPECT_TRUE(direct("http://10.1.2.3/", "10.1.2.3"));
  EXPECT_TRUE(direct("http://[2001:db8::1]/", "2001:db8::/32"));
  EXPECT_FALSE(direct("http://badexample.com/", "example.com"));
  EXPECT_FALSE(direct("http://11.1.2.3/", "10.0.0.0/8"));
  EXPECT_FALSE(direct("http://[2001:db9::1]/", "2001:db8::/32"));
  EXPECT_FALSE(direct("http://example.com/", "10.0.0.0/99, ,"));
}

TEST(ProxyRules, WhoLooksNamesUpFollowsFromTheScheme) {
  const auto made = [](const std::string& url) {
    const ProxyRules rules({.proxy = url}, [](const char*) { return std::string(); });
    return *rules.proxy_for("http://example.com/");
  };
  EXPECT_TRUE(made("http://p").takes_names);
  EXPECT_TRUE(made("p:3128").takes_names);
  EXPECT_TRUE(made("socks5h://p").takes_names);
  EXPECT_TRUE(made("socks4a://p").takes_names);
  EXPECT_FALSE(made("socks5://p").takes_names);
  EXPECT_FALSE(made("SOCKS4://p").takes_names);
  EXPECT_EQ(made("http://me:pass@p.example:3128/").host, "p.example");
  EXPECT_EQ(made("http://me:pass@p.example:3128/").port, 3128);
  EXPECT_EQ(made("socks5://[2001:db8::1]:9").host, "[2001:db8::1]");
  EXPECT_EQ(made("https://p").port, 443);
  EXPECT_EQ(made("p").port, 1080);
}

TEST(ProxyRules, AProxyIsNamedWithoutItsUserAndPassword) {
  EXPECT_EQ(ProxyRules::read("http://me:s3cret@p.example:3128/").name(), "the proxy p.example:3128");
  EXPECT_EQ(ProxyRules::read("socks5h://[2001:db8::1]").name(), "the proxy [2001:db8::1]:1080");
  EXPECT_EQ(ProxyRules::read("http://me:12/34@p.example:3128").name(), "the proxy");
  EXPECT_EQ(ProxyRules::read("http://me:s3cret").name(), "the proxy");
}

TEST(ProxyRules, AUrlThatNamesNoProxyHasAFaultThatQuotesNoSecret) {
  for (const std::string url : {"http://p", "p:3128", "SOCKS5H://p:1", "https://me:s3cret@[::1]:443/"})
    EXPECT_EQ(ProxyRules::read(url).fault, "") << url;
  for (const std::string url :
       {"foo://me:s3cret@p", "http://", "http://p:0", "http://p:s3cret", "http://me:s3c/ret@p"}) {
    EXPECT_NE(ProxyRules::read(url).fault, "") << url;
    EXPECT_FALSE(ProxyRules::read(url).fault.contains("s3c")) << url;
    EXPECT_TRUE(http::problem_with({.proxy = url})) << url;
  }
}

}  // namespace
}  // namespace overlap::test
