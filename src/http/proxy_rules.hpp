#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <overlap/http/session_options.hpp>

namespace overlap::http::detail {

/// Which proxy a request goes through. Decided here and not left to libcurl, since it also says who looks a host's name
/// up: the proxy or we.
class ProxyRules {
 public:
  using Environment = std::function<std::string(const char* name)>;
  static std::string of_process(const char* name);

  explicit ProxyRules(const SessionOptions& options, const Environment& environment = &of_process);

  struct Proxy {
    std::string url;  ///< empty: there is none
    std::string host;
    std::uint16_t port = 0;
    bool takes_names = true;  ///< looks the hosts up itself; else it wants their addresses
    bool is_socks = false;
    std::string fault;  ///< why it is none that can be asked; empty if it can

    /// "the proxy HOST:PORT", which leaves out its user and password.
    std::string name() const;
  };
  /// What a URL says of a proxy.
  static Proxy read(std::string url);
  /// Null: none. Valid as long as the rules.
  const Proxy* proxy_for(std::string_view url) const;

 private:
  /// An entry of no_proxy: the hosts that are asked directly.
  struct Exception {
    std::string name;                  // without the dot that it may begin with; empty: the network
    boost::asio::ip::address network;  // of which the first `bits` count
    unsigned bits = 0;
  };
  void read_exceptions(const std::string& list);
  bool is_excepted(std::string_view host) const;

  Proxy http_;
  Proxy https_;
  std::vector<Exception> exceptions_;
  bool all_excepted_ = false;
};

}  // namespace overlap::http::detail
