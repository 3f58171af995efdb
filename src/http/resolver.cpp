// How a name gets its addresses:
//   1. known(): given by the session's options, an address itself, or remembered.
//   2. resolve(): a waiter joins the lookup of that name, which waits in the queue until fewer than allowed_ run.
//   3. The channel answers: the answer is remembered, the waiters are woken and the next lookups start.
// A lookup that nobody waits for any more is not started; one that runs goes on, and its answer is remembered.

#include "http/resolver.hpp"

#include <algorithm>
#include <exception>
#include <list>
#include <utility>

#include <overlap/async/detail/child.hpp>

#include "http/address.hpp"
#include "http/url.hpp"

namespace overlap::http::detail {
namespace {

constexpr std::size_t kFewestLookups = 4;  // at once, however many servers fail
constexpr std::size_t kLongestName = 253;  // RFC 1035, 2.3.4, without the last dot

Failure dns_failure(std::string why, bool may_retry) { return {ErrorClass::dns, std::move(why), may_retry, 0}; }

// With the dot that ends a complete name, too.
bool is_localhost(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name == "localhost" || name.ends_with(".localhost");
}

Failure no_such_host() { return dns_failure("there is no such host", false); }

}  // namespace

class Resolver::Lookup final : public DnsChannel::Asker {
 public:
  Lookup(Resolver& resolver, std::string name) : resolver_(resolver), name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }
  void answered(DnsAnswer answer) noexcept override { resolver_.finished(*this, std::move(answer)); }

  std::list<Waiter*> waiters;
  std::optional<Result> result;  // nothing when woken: the resolver was closed
  std::exception_ptr error;

 private:
  Resolver& resolver_;
  const std::string name_;
};

/// A task that waits for a lookup: a local variable of its coroutine.
class Resolver::Waiter {
 public:
  explicit Waiter(std::shared_ptr<Lookup> lookup)
      : lookup_(std::move(lookup)), place_(lookup_->waiters.insert(lookup_->waiters.end(), this)) {}
  ~Waiter() {
    if (waits_) lookup_->waiters.erase(place_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Takes it out of the lookup and lets its task go on.
  void wake() {
    waits_ = false;
    lookup_->waiters.erase(place_);
    event_.set();
  }
  auto wait(std::optional<TimePoint> deadline) { return event_.wait(deadline); }
  /// Of one that was woken. Throws operation_aborted when there is none.
  const Result& result() const {
    if (lookup_->error) std::rethrow_exception(lookup_->error);
    if (!lookup_->result) overlap::detail::throw_cancelled();
    return *lookup_->result;
  }

 private:
  const std::shared_ptr<Lookup> lookup_;
  const std::list<Waiter*>::iterator place_;
  overlap::detail::Event event_;
  bool waits_ = true;
};

Resolver::Resolver(Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)), cache_(options_.max_entries), allowed_(options_.max_lookups) {}

Resolver::~Resolver() { abandon(); }

void Resolver::close() noexcept {
  if (std::exchange(closed_, true)) return;
  drop_channel();
  queue_.clear();
  for (const auto& [name, lookup] : std::exchange(lookups_, {})) {
    while (!lookup->waiters.empty()) lookup->waiters.front()->wake();
  }
}

void Resolver::abandon() noexcept {
  closed_ = true;
  drop_channel();
  queue_.clear();
  lookups_.clear();  // those that wait keep theirs until they are gone
}

// Now, and not with this: it has a timer of the loop, which may be gone by then.
void Resolver::drop_channel() noexcept {
  if (channel_) channel_->close();
  channel_.reset();
}

Resolver::Stats Resolver::stats() const noexcept {
  return {.lookups_running = running_, .lookups_waiting = queue_.size(), .lookups_made = made_, .names = cache_.size()};
}

// ---- asking

/// It has addresses, but none that may be connected to.
Failure Resolver::no_address() const { return dns_failure(no_address_text(options_.dns.family), false); }

// RFC 6761, 6.3: such a name is never asked for.
AddressesPtr Resolver::loopback() const {
  auto addresses = std::make_shared<Addresses>();
  if (options_.dns.family != AF_INET6) addresses->emplace_back(boost::asio::ip::address_v4::loopback());
  if (options_.dns.family != AF_INET) addresses->emplace_back(boost::asio::ip::address_v6::loopback());
  return addresses;
}

bool Resolver::is_needed_for(std::string_view host) const noexcept {
  if (!options_.overrides.empty() || !may_be_literal(host)) return true;
  if (options_.dns.family == AF_UNSPEC) return false;
  const auto address = literal_address(host);
  return address && !is_of_family(*address, options_.dns.family);
}

std::optional<Resolver::Result> Resolver::known(std::string_view host, std::uint16_t port) {
  std::string lower;
  if (std::ranges::any_of(host, [](char c) { return c >= 'A' && c <= 'Z'; })) host = lower = lower_case(host);
  if (!options_.overrides.empty()) {
    if (AddressesPtr given = options_.overrides.find(host, port))
      return given->empty() ? Result(std::unexpected(no_address())) : Result(std::move(given));
  }
  if (const auto found = remembered(host)) return found;
  if (const auto address = literal_address(host)) {
    if (!is_of_family(*address, options_.dns.family)) return Result(std::unexpected(no_address()));
    return given(host, std::make_shared<const Addresses>(1, *address));
  }
  if (is_localhost(host)) return given(host, loopback());
  if (host.size() > kLongestName || host.empty()) return Result(std::unexpected(no_such_host()));
  return std::nullopt;
}

/// Remembered, to be found faster the next time, and as the same object.
Resolver::Result Resolver::given(std::string_view host, AddressesPtr addresses) {
  cache_.insert(std::string(host), {addresses, TimePoint::max()});
  return addresses;
}

std::optional<Resolver::Result> Resolver::remembered(std::string_view name) {
  const AddressCache::Entry* const entry = cache_.find(name);
  if (entry == nullptr || entry->expires <= Clock::now()) return std::nullopt;
  if (!entry->addresses) return Result(std::unexpected(no_such_host()));
  return Result(entry->addresses);
}

Task<Resolver::Result> Resolver::resolve(std::string host, std::uint16_t port, std::optional<TimePoint> deadline) {
  if (closed_) overlap::detail::throw_cancelled();
  if (auto answer = known(host, port)) co_return std::move(*answer);
  Waiter waiter(lookup_of(lower_case(host)));
  start_lookups();
  const auto woken = co_await waiter.wait(deadline);
  using Woken = overlap::detail::Event::Woken;
  if (woken == Woken::by_deadline)
    co_return std::unexpected(Failure{ErrorClass::timeout, "the lookup of its host took too long", true, 0});
  if (woken == Woken::by_cancel) overlap::detail::throw_cancelled();
  co_return waiter.result();
}

std::shared_ptr<Resolver::Lookup> Resolver::lookup_of(std::string name) {
  std::shared_ptr<Lookup>& lookup = lookups_[name];
  if (!lookup) {
    lookup = std::make_shared<Lookup>(*this, std::move(name));
    queue_.push_back(lookup);
  }
  return lookup;
}

// ---- lookups

// An answer may come before ask() returns (from /etc/hosts, say) and leads back here: then only the outer call goes on,
// or the stack would grow with the queue.
void Resolver::start_lookups() {
  if (std::exchange(starting_, true)) return;
  struct Scope {
    ~Scope() { starting = false; }
    bool& starting;
  } const scope{starting_};
  if (!channel_ && !queue_.empty()) channel_ = std::make_shared<DnsChannel>(loop_, options_.dns);
  while (!queue_.empty() && running_ < allowed_) {
    const std::shared_ptr<Lookup> lookup = std::move(queue_.front());
    queue_.pop_front();
    if (lookup->waiters.empty()) {
      lookups_.erase(lookup->name());
      continue;
    }
    ++running_;
    ++made_;
    channel_->ask(lookup->name(), *lookup);
  }
}

void Resolver::finished(Lookup& lookup, DnsAnswer answer) {
  --running_;
  const std::shared_ptr<Lookup> kept = std::move(lookups_.extract(lookup.name()).mapped());
  adapt(answer.outcome == DnsAnswer::Outcome::failed);
  try {
    lookup.result = learn(lookup.name(), std::move(answer));
  } catch (...) {
    lookup.error = std::current_exception();
  }
  while (!lookup.waiters.empty()) lookup.waiters.front()->wake();
  try {
    start_lookups();
  } catch (...) {  // out of memory: the next one who asks starts them, and these have their deadlines
  }
}

Resolver::Result Resolver::learn(const std::string& name, DnsAnswer answer) {
  const TimePoint now = Clock::now();
  switch (answer.outcome) {
    case DnsAnswer::Outcome::found: {
      // A file of hosts may say more than it was asked for.
      std::erase_if(answer.addresses, [&](const auto& one) { return !is_of_family(one, options_.dns.family); });
      if (answer.addresses.empty()) return std::unexpected(no_address());
      const AddressCache::Entry* const old = cache_.find(name);
      AddressesPtr addresses = std::make_shared<const Addresses>(std::move(answer.addresses));
      if (old != nullptr && old->addresses && *old->addresses == *addresses) addresses = old->addresses;
      cache_.insert(name, {addresses, now + std::clamp(answer.ttl, options_.min_ttl, options_.max_ttl)});
      return addresses;
    }
    case DnsAnswer::Outcome::no_such_name:
      cache_.insert(name, {nullptr, now + options_.negative_ttl});
      return std::unexpected(dns_failure(std::move(answer.why), false));
    case DnsAnswer::Outcome::failed:
      break;
  }
  const AddressCache::Entry* const old = cache_.find(name);
  if (old != nullptr && old->addresses && now - options_.stale < old->expires) return old->addresses;
  return std::unexpected(dns_failure(std::move(answer.why), true));
}

/// Servers that fail are given less to do: half as much at each failure, one more at each answer.
void Resolver::adapt(bool servers_failed) noexcept {
  const std::size_t fewest = std::min(kFewestLookups, options_.max_lookups);
  allowed_ = servers_failed ? std::max(allowed_ / 2, fewest) : std::min(allowed_ + 1, options_.max_lookups);
}

}  // namespace overlap::http::detail
