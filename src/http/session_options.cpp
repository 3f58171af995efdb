#include <overlap/http/session_options.hpp>

#include "http/address_overrides.hpp"
#include "http/proxy_rules.hpp"

#ifndef OVERLAP_VERSION  // the build says it
#define OVERLAP_VERSION "dev"
#endif

namespace overlap::http {

std::string default_user_agent() { return "overlap/" OVERLAP_VERSION; }

std::optional<std::string> problem_with(const SessionOptions& options) {
  if (options.user_agent.find_first_of("\r\n") != std::string::npos) return "user_agent has a line end in it";
  if (const auto overrides = detail::AddressOverrides::parse(options.resolve); !overrides)
    return "resolve: " + overrides.error();
  if (const std::string fault = detail::ProxyRules::read(options.proxy).fault; !options.proxy.empty() && !fault.empty())
    return "proxy: " + fault;
  for (const std::string& server : options.dns_servers) {
    if (!detail::is_name_server(server)) return "dns_servers: '" + server + "' is no address[:port]";
  }
  return std::nullopt;
}

}  // namespace overlap::http
