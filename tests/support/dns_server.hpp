#pragma once
/// A name server on a real UDP socket that says exactly what a test tells it to say.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace overlap::test {

/// What a DnsServer says to a question.
struct DnsReply {
  enum class Kind : std::uint8_t { answer, no_such_name, server_failure, silence };
  Kind kind = Kind::answer;
  std::vector<std::string> addresses{};  ///< of both families; those of the other one than was asked for are left out
  std::uint32_t ttl = 300;               ///< seconds
  std::string alias_of{};                ///< the name is an alias of this one, which has the addresses
};

/// Answers on a thread of its own, one question after the other, until it is destroyed.
class DnsServer {
 public:
  using Script = std::function<DnsReply(const std::string& name)>;

  explicit DnsServer(Script script)
      : script_(std::move(script)), socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (socket_ < 0 || bind(socket_, generic, size) != 0 || getsockname(socket_, generic, &size) != 0)
      throw std::system_error(errno, std::generic_category(), "DnsServer");
    address_ = address;
    thread_ = std::thread([this] { serve(); });
  }

  /// The same for every name.
  explicit DnsServer(DnsReply reply) : DnsServer([said = std::move(reply)](const std::string&) { return said; }) {}

  ~DnsServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    // A datagram to itself: closing a UDP socket wakes nobody.
    sendto(socket_, "", 0, 0, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    thread_.join();
    close(socket_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

  /// The names asked for so far, in their order; one that was asked for in both families is there twice.
  std::vector<std::string> questions() const {
    const std::lock_guard lock(mutex_);
    return questions_;
  }
  /// Blocks until so many questions have come.
  void wait_for_questions(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return questions_.size() >= count; });
  }

 private:
  static constexpr std::size_t kHead = 12;

  void serve() {
    while (true) {
      char packet[1024];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(socket_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &size);
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
      }
      if (got < static_cast<ssize_t>(kHead)) continue;
      const std::string reply = answer(std::string_view(packet, static_cast<std::size_t>(got)));
      if (!reply.empty()) sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  /// RFC 1035, 4.1: the question comes back with what is known of it behind it.
  std::string answer(std::string_view query) {
    std::string name;
    std::size_t at = kHead;
    while (query[at] != 0) {
      const auto length = static_cast<std::size_t>(query[at]);
      name += (name.empty() ? "" : ".") + std::string(query.substr(at + 1, length));
      at += length + 1;
    }
    const std::size_t question_end = at + 5;
    const bool v6 = query[at + 2] == 28;
    {
      const std::lock_guard lock(mutex_);
      questions_.push_back(name);
      changed_.notify_all();
    }
    const DnsReply said = script_(name);
    if (said.kind == DnsReply::Kind::silence) return {};
    std::string records;
    std::uint16_t count = 0;
    std::string owner("\xc0\x0c", 2);  // a pointer to the name in the question
    if (!said.alias_of.empty()) {
      records += record(owner, 5, said.ttl, wire_name(said.alias_of));
      owner = wire_name(said.alias_of);
      ++count;
    }
    for (const std::string& address : said.addresses) {
      char bytes[16];
      if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) != 1) continue;
      records += record(owner, v6 ? 28 : 1, said.ttl, std::string(bytes, v6 ? 16 : 4));
      ++count;
    }
    const int code = said.kind == DnsReply::Kind::no_such_name     ? 3
                     : said.kind == DnsReply::Kind::server_failure ? 2
                                                                   : 0;
    std::string reply(query.substr(0, 2));
    reply += {'\x81', static_cast<char>(0x80 | code)};  // a response, recursion wanted and available
    reply += two(1) + two(count) + two(0) + two(0);
    reply += query.substr(kHead, question_end - kHead);
    return reply + records;
  }

  static std::string record(const std::string& owner, std::uint16_t type, std::uint32_t ttl, const std::string& data) {
    return owner + two(type) + two(1) + two(ttl >> 16) + two(ttl & 0xffff) +
           two(static_cast<std::uint32_t>(data.size())) + data;
  }
  static std::string two(std::uint32_t value) {
    return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
  }
  static std::string wire_name(const std::string& name) {
    std::string wire;
    for (std::size_t at = 0; at < name.size();) {
      const std::size_t end = std::min(name.find('.', at), name.size());
      wire += static_cast<char>(end - at);
      wire += name.substr(at, end - at);
      at = end + 1;
    }
    return wire + '\0';
  }

  const Script script_;
  const int socket_;
  sockaddr_in address_{};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace overlap::test
