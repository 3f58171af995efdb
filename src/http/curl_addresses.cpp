#include "http/curl_addresses.hpp"

#include <utility>

#include <fmt/format.h>

#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

std::string line_of(std::string_view key, const Addresses& addresses) {
  std::string line(key);
  char separator = ':';
  for (const boost::asio::ip::address& address : addresses) {
    line += separator;
    line += address.is_v6() ? fmt::format("[{}]", address.to_string()) : address.to_string();
    separator = ',';
  }
  return line;
}

}  // namespace

CurlAddresses::Entries::iterator CurlAddresses::find_or_add(std::string key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    const Entries::iterator entry = found->second;
    if (entry->users == 0) used_.splice(used_.begin(), idle_, entry);
    return entry;
  }
  used_.push_front({.key = std::move(key), .last_given = nullptr, .is_in = false, .users = 0});
  by_key_.emplace(used_.front().key, used_.begin());
  return used_.begin();
}

void CurlAddresses::forget_oldest(ListPtr& list) {
  append(list, "-" + idle_.back().key);
  by_key_.erase(idle_.back().key);
  idle_.pop_back();
}

void CurlAddresses::Use::begin(CurlAddresses& owner, std::string_view host, std::uint16_t port, AddressesPtr addresses,
                               ListPtr& list) {
  end(false);
  entry_ = owner.find_or_add(fmt::format("{}:{}", lower_case(host), port));
  owner_ = &owner;
  ++entry_->users;
  given_ = std::move(addresses);
  while (owner.idle_.size() > kMostIdle) owner.forget_oldest(list);
  if (entry_->is_in && entry_->last_given == given_) return;
  append(list, line_of(entry_->key, *given_));
  entry_->last_given = given_;
  entry_->is_in = false;
}

void CurlAddresses::Use::end(bool is_in) {
  CurlAddresses* const owner = std::exchange(owner_, nullptr);
  if (owner == nullptr) return;
  // Another transfer may have given something else meanwhile: then it is not known which of the two is there now.
  if (is_in) entry_->is_in = entry_->last_given == given_;
  given_.reset();
  if (--entry_->users == 0) owner->idle_.splice(owner->idle_.begin(), owner->used_, entry_);
}

}  // namespace overlap::http::detail
