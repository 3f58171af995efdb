#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "serve/origin.hpp"

namespace overlap::serve {

/// Certificates as PEM text.
struct Certificates {
  std::string chain;  ///< the server's
  std::string key;
  std::string ca;  ///< what clients have to trust; empty if it is not known here
};

/// A new authority, and a certificate of its for 127.0.0.1, ::1, localhost and `address`. For tests only: the
/// authority's key is thrown away, the server's is not protected. Throws std::runtime_error.
Certificates make_certificates(const std::string& address);

/// From the files of the options, or made. Throws std::runtime_error naming the file.
Certificates load_certificates(const TlsOptions& options, const std::string& address);

/// TLS 1.2 and later. Throws std::runtime_error.
boost::asio::ssl::context make_tls_context(const Certificates& certificates);

}  // namespace overlap::serve
