#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace overlap::http {

/// "overlap/0.1.0"
std::string default_user_agent();

struct SessionOptions {
  enum class HttpVersion : std::uint8_t {
    automatic,  ///< HTTP/2 where a TLS server offers it, else HTTP/1.1
    http1_1,
    http2,  ///< as automatic, and asks plain-text servers to upgrade
  };
  enum class IpVersion : std::uint8_t { any, v4, v6 };

  std::string user_agent = default_user_agent();
  bool compressed = false;  ///< asks for compressed bodies and decodes them
  HttpVersion http_version = HttpVersion::automatic;
  IpVersion ip_version = IpVersion::any;
  std::string ca_file{};      ///< PEM; empty: the system's certificates
  bool insecure = false;      ///< accepts any certificate
  std::string client_cert{};  ///< PEM
  std::string client_key{};
  std::string proxy{};    ///< "http://host:port", "socks5h://..."; empty: as http_proxy, https_proxy and no_proxy say
  bool no_proxy = false;  ///< none, whatever `proxy` and the environment say
  std::size_t max_connections = 0;           ///< requests under way at once; further ones wait in order. 0: no bound
  std::size_t max_connections_per_host = 0;  ///< the same by scheme, host and port
  std::vector<std::string> resolve{};        ///< "host:port:address[,address]", instead of a lookup; host may be "*"
  std::vector<std::string> dns_servers{};    ///< "address[:port]"; empty: as /etc/resolv.conf says
  std::string user{};  ///< Basic authentication for every request but those that a redirect leads to another origin
  std::string password{};
  bool cookies = false;                   ///< keeps cookies and sends them back: see CookieJar
  std::string cookie_file{};              ///< in the Netscape format: those it begins with; empty: none
  std::string netrc_file{};               ///< user and password by host; used and withheld likewise
  bool block_private = false;             ///< refuses to connect to loopback, private and link-local addresses
  bool allow_insecure_redirects = false;  ///< follows redirects from https to http

  friend bool operator==(const SessionOptions&, const SessionOptions&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(user_agent, compressed, http_version, ip_version, ca_file, insecure, client_cert, client_key, proxy,
            no_proxy, max_connections, max_connections_per_host, resolve, dns_servers, user, password, cookies,
            cookie_file, netrc_file, block_private, allow_insecure_redirects);
  }
};

/// What keeps a Session from being made with these; nothing if it can be.
std::optional<std::string> problem_with(const SessionOptions& options);

}  // namespace overlap::http
