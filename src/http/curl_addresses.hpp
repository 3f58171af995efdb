#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/address_cache.hpp"
#include "http/curl_handles.hpp"

namespace overlap::http::detail {

/// What the multi handle's own cache of addresses holds: libcurl takes addresses from nowhere else, and keeps what it
/// was given until it is told to forget it. So each transfer says what is new to it, and what is to go.
class CurlAddresses {
  struct Entry {
    std::string key;  // "host:port"
    AddressesPtr last_given;
    bool is_in = false;  // libcurl has taken what was given last
    std::size_t users = 0;
  };
  using Entries = std::list<Entry>;

 public:
  /// Entries that no transfer uses are kept up to this number, for the next ones.
  static constexpr std::size_t kMostIdle = 256;

  /// A transfer's use of an entry, which stays as long.
  class Use {
   public:
    Use() = default;
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { end(false); }

    /// Begins, and adds to `list` (CURLOPT_RESOLVE) what libcurl does not have yet: mostly nothing.
    void begin(CurlAddresses& owner, std::string_view host, std::uint16_t port, AddressesPtr addresses, ListPtr& list);
    /// `is_in`: the transfer got so far that libcurl has certainly read the list. Nothing when it has ended.
    void end(bool is_in);

   private:
    CurlAddresses* owner_ = nullptr;
    Entries::iterator entry_{};
    AddressesPtr given_;
  };

 private:
  Entries::iterator find_or_add(std::string key);
  void forget_oldest(ListPtr& list);

  Entries used_;
  Entries idle_;  // last used first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;
};

}  // namespace overlap::http::detail
