// What the resolver consists of: the answers that it remembers, and the addresses that it is given.
#include <gtest/gtest.h>

#include <string>

#include "http/resolver.hpp"

namespace overlap::test {
namespace {

using http::detail::AddressOverrides;
using http::detail::is_name_server;

TEST(AddressCache, ForgetsWhatWasNotAskedForTheLongest) {
  http::detail::AddressCache cache(2);
  cache.insert("a", {nullptr, {}});
  cache.insert("b", {nullptr, {}});
  EXPECT_NE(cache.find("a"), nullptr);
  cache.insert("c", {nullptr, {}});
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.find("b"), nullptr);
}

TEST(AddressOverrides, AnEntryThatIsNoneIsQuoted) {
  for (const std::string entry : {"", "host", "host:80", "host:80:", "host:0:1.2.3.4", "host:99999:1.2.3.4",
                                  "host:80:name", ":80:1.2.3.4", "host:80:1.2.3.4,", "host:80:1.2.3.4,x"}) {
    const auto parsed = AddressOverrides::parse({entry});
    ASSERT_FALSE(parsed) << entry;
    EXPECT_NE(parsed.error().find("'" + entry + "'"), std::string::npos) << parsed.error();
  }
}

TEST(AddressOverrides, KnowsWhatANameServerIs) {
  for (const std::string good : {"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53"})
    EXPECT_TRUE(is_name_server(good)) << good;
  for (const std::string bad : {"", "example.com", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:99999", "[::1]:x", "a:53"})
    EXPECT_FALSE(is_name_server(bad)) << bad;
}

}  // namespace
}  // namespace overlap::test
