#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <overlap/async/task.hpp>
#include <overlap/core/time.hpp>
#include <overlap/http/error.hpp>
#include <overlap/http/session_options.hpp>

#include "http/address_cache.hpp"
#include "http/address_overrides.hpp"
#include "http/dns_channel.hpp"

namespace overlap::http::detail {

/// The addresses of hosts, for the requests of one session: as the session's options say, from the address itself, from
/// what was learnt before, or else by a lookup, which those who ask for the same name at the same time share.
///
/// No more lookups are under way at once than the limit; when name servers fail, fewer. What was found is kept as long
/// as the servers allow and, when they fail, somewhat longer. On the loop's thread; who awaits resolve() keeps this.
class Resolver {
 public:
  struct Options {
    DnsOptions dns{};
    AddressOverrides overrides{};
    std::size_t max_lookups = 256;     ///< under way at once
    std::size_t max_entries = 20'000;  ///< names remembered
    Duration min_ttl = std::chrono::seconds(1);
    Duration max_ttl = std::chrono::hours(1);
    Duration negative_ttl = std::chrono::seconds(10);  ///< how long a name is known not to exist
    Duration stale = std::chrono::minutes(10);         ///< after its end an answer still serves when servers fail
  };
  using Result = std::expected<AddressesPtr, Failure>;

  Resolver(Loop& loop, Options options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// False for an address that libcurl reads from the URL itself, and that may be connected to.
  bool is_needed_for(std::string_view host) const noexcept;

  /// What is known without a lookup; nothing if one is needed. Hosts as URLs have them, IPv6 in its brackets.
  std::optional<Result> known(std::string_view host, std::uint16_t port);

  /// The same, with a lookup if need be. Failures: dns, worth another try if it was the servers that failed; timeout
  /// when there was no answer by the deadline. A message says what is wrong with the host, and names no URL. Throws
  /// operation_aborted when the task is cancelled or the resolver closed.
  Task<Result> resolve(std::string host, std::uint16_t port, std::optional<TimePoint> deadline = std::nullopt);

  /// Ends what is under way: the tasks that wait get operation_aborted.
  void close() noexcept;
  /// The same while the loop is being destroyed, and the tasks with it: they are not resumed.
  void abandon() noexcept;

  struct Stats {
    std::size_t lookups_running = 0;
    std::size_t lookups_waiting = 0;
    std::uint64_t lookups_made = 0;
    std::size_t names = 0;  ///< remembered
  };
  Stats stats() const noexcept;

 private:
  class Lookup;
  class Waiter;

  Failure no_address() const;
  AddressesPtr loopback() const;
  Result given(std::string_view host, AddressesPtr addresses);
  std::optional<Result> remembered(std::string_view name);
  std::shared_ptr<Lookup> lookup_of(std::string name);
  void start_lookups();
  void drop_channel() noexcept;
  void finished(Lookup& lookup, DnsAnswer answer);
  Result learn(const std::string& name, DnsAnswer answer);
  void adapt(bool servers_failed) noexcept;

  Loop& loop_;
  const Options options_;
  AddressCache cache_;
  std::shared_ptr<DnsChannel> channel_;                               // made for the first lookup
  std::unordered_map<std::string, std::shared_ptr<Lookup>> lookups_;  // by name; running and waiting
  std::deque<std::shared_ptr<Lookup>> queue_;                         // those that wait
  std::size_t running_ = 0;
  std::size_t allowed_;  // at once, for now
  std::uint64_t made_ = 0;
  bool starting_ = false;
  bool closed_ = false;
};

}  // namespace overlap::http::detail
