#include "http/dns_channel.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace overlap::http::detail {
namespace {

constexpr std::size_t kMostAddresses = 16;  // of one name: more are never tried

void set_up_once() {
  static const int code = ares_library_init(ARES_LIB_INIT_ALL);
  if (code != ARES_SUCCESS) throw std::runtime_error(fmt::format("c-ares cannot be set up: {}", ares_strerror(code)));
}

void check(int code, std::string_view what) {
  if (code == ARES_ENOMEM) throw std::bad_alloc();
  if (code != ARES_SUCCESS) throw std::runtime_error(fmt::format("{}: {}", what, ares_strerror(code)));
}

std::optional<boost::asio::ip::address> address_of(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, node.ai_addr, sizeof in);
    return boost::asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, node.ai_addr, sizeof in);
    boost::asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return boost::asio::ip::address_v6(bytes, in.sin6_scope_id);
  }
  return std::nullopt;
}

DnsAnswer answer_of(const ares_addrinfo& found) {
  DnsAnswer answer;
  int ttl = std::numeric_limits<int>::max();
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
    ttl = std::min(ttl, node->ai_ttl);
    const auto address = address_of(*node);
    const bool is_new = address && std::ranges::find(answer.addresses, *address) == answer.addresses.end();
    if (is_new && answer.addresses.size() < kMostAddresses) answer.addresses.push_back(*address);
  }
  for (const auto* alias = found.cnames; alias != nullptr; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  answer.ttl = std::chrono::seconds(std::max(ttl, 0));
  answer.outcome = answer.addresses.empty() ? DnsAnswer::Outcome::no_such_name : DnsAnswer::Outcome::found;
  return answer;
}

DnsAnswer answer_of(int status) {
  DnsAnswer answer;
  const bool no_name = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_ENONAME ||
                       status == ARES_EBADNAME || status == ARES_EBADSTR;
  if (no_name) answer.outcome = DnsAnswer::Outcome::no_such_name;
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
      answer.why = "there is no such host";
      break;
    case ARES_ENODATA:
      answer.why = "the host has no address";
      break;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
      answer.why = "its host cannot be a name";
      break;
    case ARES_ETIMEOUT:
      answer.why = "no name server answered in time";
      break;
    case ARES_ECONNREFUSED:  // also when every server has failed: SERVFAIL, REFUSED
      answer.why = "the name servers could not answer";
      break;
    default:
      answer.why = fmt::format("its host was not looked up: {}", ares_strerror(status));
  }
  return answer;
}

}  // namespace

DnsChannel::DnsChannel(Loop& loop, const DnsOptions& options)
    : family_(options.family), watched_(loop.context()), timer_(loop.context()) {
  set_up_once();
  ares_options set{};
  set.timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(options.timeout).count());
  set.tries = options.tries;
  set.sock_state_cb = &on_socket;
  set.sock_state_cb_data = this;
  check(ares_init_options(&channel_, &set, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB),
        "name lookups cannot be set up");
  if (!options.servers.empty()) {
    const std::string servers = fmt::format("{}", fmt::join(options.servers, ","));
    const int code = ares_set_servers_ports_csv(channel_, servers.c_str());
    if (code != ARES_SUCCESS) ares_destroy(channel_);
    check(code, fmt::format("name servers '{}'", servers));
  }
}

DnsChannel::~DnsChannel() { close(); }

void DnsChannel::close() noexcept {
  if (channel_ == nullptr) return;
  ares_destroy(std::exchange(channel_, nullptr));  // calls on_answer() for each lookup, and on_socket()
  timer_.cancel();
  if (watched_.is_open()) watched_.release();  // closed by sockets_
}

void DnsChannel::ask(const std::string& host, Asker& asker) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family_;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &on_answer, &asker);
  watch();
  arm();
}

void DnsChannel::watch() {
  if (std::exchange(watching_, true)) return;
  if (!watched_.is_open()) watched_.assign(sockets_.descriptor());
  auto on_ready = [self = shared_from_this()](boost::system::error_code error) {
    self->watching_ = false;
    if (error || self->channel_ == nullptr) return;
    self->serve_sockets();
    if (self->channel_ != nullptr) self->watch();
  };
  watched_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(on_ready));
}

void DnsChannel::serve_sockets() {
  for (const SocketSet::Ready& ready : sockets_.ready()) {
    if (!sockets_.is_wanted(ready.socket)) continue;  // closed since
    ares_process_fd(channel_, ready.readable || ready.failed ? ready.socket : ARES_SOCKET_BAD,
                    ready.writable ? ready.socket : ARES_SOCKET_BAD);
  }
  arm();
}

/// Sees to it that c-ares is called when the next of its waits for an answer is over. One that is set stays as it is:
/// what is asked later is not due earlier, or not by much.
void DnsChannel::arm() {
  timeval left{};
  if (armed_ || ares_timeout(channel_, nullptr, &left) == nullptr) return;
  armed_ = true;
  const auto wait = std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  timer_.expires_after(std::max<Duration>(wait, std::chrono::milliseconds(1)));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->channel_ != nullptr) self->on_timer();
  });
}

void DnsChannel::on_timer() {
  armed_ = false;
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  arm();
}

// ---- called by c-ares

void DnsChannel::on_answer(void* asker, int status, int, ares_addrinfo* found) {
  const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found, &ares_freeaddrinfo);
  if (status == ARES_EDESTRUCTION) return;
  const bool good = status == ARES_SUCCESS && found != nullptr;
  DnsAnswer answer;
  try {
    answer = good ? answer_of(*found) : answer_of(status);
  } catch (const std::bad_alloc&) {  // no exception may pass through c-ares
  }
  static_cast<Asker*>(asker)->answered(std::move(answer));
}

void DnsChannel::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
  const auto wanted = (readable != 0 ? 1U : 0U) | (writable != 0 ? 2U : 0U);
  static_cast<DnsChannel*>(self)->sockets_.want(socket, static_cast<SocketSet::Interest>(wanted));
}

}  // namespace overlap::http::detail
