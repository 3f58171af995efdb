#include "http/ca_bundle.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <array>

namespace overlap::http::detail {
namespace {

constexpr std::array<const char*, 5> kKnownPlaces = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // CentOS
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // Alpine
};

bool readable(const char* path) noexcept { return path != nullptr && access(path, R_OK) == 0; }

std::string find_ca_file() {
  if (const auto* const curl = curl_version_info(CURLVERSION_NOW); readable(curl->cainfo)) return curl->cainfo;
  for (const char* const path : kKnownPlaces) {
    if (readable(path)) return path;
  }
  return {};
}

}  // namespace

const std::string& system_ca_file() {
  static const std::string path = find_ca_file();
  return path;
}

}  // namespace overlap::http::detail
