#include "http/curl_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace overlap::test {
namespace {

using http::detail::Addresses;
using http::detail::AddressesPtr;
using http::detail::CurlAddresses;
using http::detail::ListPtr;
using testing::ElementsAre;
using testing::IsEmpty;

AddressesPtr addresses(std::vector<std::string> texts) {
  auto made = std::make_shared<Addresses>();
  for (const std::string& text : texts) made->push_back(boost::asio::ip::make_address(text));
  return made;
}

/// What libcurl is told when a transfer begins.
std::vector<std::string> told(CurlAddresses::Use& use, CurlAddresses& owner, const std::string& host,
                              const AddressesPtr& where) {
  ListPtr list;
  use.begin(owner, host, 80, where, list);
  std::vector<std::string> lines;
  for (const curl_slist* line = list.get(); line != nullptr; line = line->next) lines.emplace_back(line->data);
  return lines;
}

TEST(CurlAddresses, LibcurlIsToldOnceUntilTheyChange) {
  CurlAddresses owner;
  const AddressesPtr first = addresses({"192.0.2.1", "2001:db8::1"});
  const AddressesPtr second = addresses({"192.0.2.2"});
  CurlAddresses::Use use;
  EXPECT_THAT(told(use, owner, "WWW.example.com", first), ElementsAre("www.example.com:80:192.0.2.1,[2001:db8::1]"));
  use.end(true);
  EXPECT_THAT(told(use, owner, "www.example.com", first), IsEmpty());
  use.end(true);
  EXPECT_THAT(told(use, owner, "www.example.com", second), ElementsAre("www.example.com:80:192.0.2.2"));
}

TEST(CurlAddresses, WhatMayNotHaveBeenReadIsToldAgain) {
  CurlAddresses owner;
  const AddressesPtr where = addresses({"192.0.2.1"});
  CurlAddresses::Use one;
  CurlAddresses::Use two;
  EXPECT_THAT(told(one, owner, "a", where), ElementsAre("a:80:192.0.2.1"));
  EXPECT_THAT(told(two, owner, "a", where), ElementsAre("a:80:192.0.2.1"));
  one.end(false);
  EXPECT_THAT(told(one, owner, "a", where), ElementsAre("a:80:192.0.2.1"));
  two.end(true);
  EXPECT_THAT(told(two, owner, "a", where), IsEmpty());
}

TEST(CurlAddresses, OfTwoAtOnceNobodyKnowsWhichIsThere) {
  CurlAddresses owner;
  const AddressesPtr first = addresses({"192.0.2.1"});
  const AddressesPtr second = addresses({"192.0.2.2"});
  CurlAddresses::Use one;
  CurlAddresses::Use two;
  told(one, owner, "a", first);
  told(two, owner, "a", second);
  one.end(true);
  EXPECT_THAT(told(one, owner, "a", second), ElementsAre("a:80:192.0.2.2"));
}

TEST(CurlAddresses, TheOldestThatNobodyUsesIsForgotten) {
  CurlAddresses owner;
  const AddressesPtr where = addresses({"192.0.2.1"});
  CurlAddresses::Use held;
  told(held, owner, "held", where);
  CurlAddresses::Use use;
  for (std::size_t i = 0; i <= CurlAddresses::kMostIdle; ++i) {
    told(use, owner, "host-" + std::to_string(i), where);
    use.end(true);
  }
  EXPECT_THAT(told(use, owner, "new", where), ElementsAre("-host-0:80", "new:80:192.0.2.1"));
  use.end(true);
  EXPECT_THAT(told(use, owner, "host-0", where), ElementsAre("-host-1:80", "host-0:80:192.0.2.1"));
}

}  // namespace
}  // namespace overlap::test
