#include "serve/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <stdexcept>

#include "cli/input_file.hpp"

namespace overlap::serve {
namespace {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

/// OpenSSL's functions answer 1, or an object, when they worked.
void check(bool worked, const char* what) {
  if (worked) return;
  const unsigned long code = ERR_get_error();
  const char* reason = ERR_reason_error_string(code);
  throw std::runtime_error(fmt::format("cannot make a certificate: {}: {}", what, reason != nullptr ? reason : "?"));
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

void set_name(X509_NAME* name, const char* common_name) {
  const auto* text = reinterpret_cast<const unsigned char*>(common_name);
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1, "name");
}

/// Version 3, a random serial number, valid from yesterday for ten years; issuer, extensions and signature to come.
Certificate begin_certificate(EVP_PKEY* key, const char* common_name) {
  constexpr long kDay = 24 * 60 * 60;
  Certificate certificate(X509_new());
  check(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "version");
  std::uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "serial number");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1 | 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3650 * kDay);
  check(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  set_name(X509_get_subject_name(certificate.get()), common_name);
  return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "issuer");
  check(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "signature");
}

Certificate make_authority(EVP_PKEY* key) {
  Certificate authority = begin_certificate(key, "overlap serve test authority");
  add_extension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  sign(authority.get(), authority.get(), key);
  return authority;
}

template <class Write>
std::string to_pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  check(bio != nullptr && write(bio.get()) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string to_pem(X509* certificate) {
  return to_pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string to_pem(EVP_PKEY* key) {
  return to_pem([key](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

std::string read_file(const std::string& name) {
  auto text = cli::read_file(name);
  if (!text) throw std::runtime_error(text.error().message);
  return *std::move(text);
}

}  // namespace

Certificates make_certificates(const std::string& address) {
  const Key authority_key = make_key();
  const Certificate authority = make_authority(authority_key.get());
  const Key key = make_key();
  const Certificate server = begin_certificate(key.get(), "localhost");
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(address, not_an_address);
  if (!not_an_address) names += ",IP:" + address;
  add_extension(server.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(server.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add_extension(server.get(), authority.get(), NID_subject_alt_name, names);
  add_extension(server.get(), authority.get(), NID_authority_key_identifier, "keyid");
  sign(server.get(), authority.get(), authority_key.get());
  return {to_pem(server.get()), to_pem(key.get()), to_pem(authority.get())};
}

Certificates load_certificates(const TlsOptions& options, const std::string& address) {
  if (options.cert.empty() && options.key.empty()) return make_certificates(address);
  return {read_file(options.cert), read_file(options.key), {}};
}

boost::asio::ssl::context make_tls_context(const Certificates& certificates) {
  namespace ssl = boost::asio::ssl;
  try {
    ssl::context context(ssl::context::tls_server);
    context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    context.use_certificate_chain(boost::asio::buffer(certificates.chain));
    context.use_private_key(boost::asio::buffer(certificates.key), ssl::context::pem);
    return context;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(fmt::format("cannot use the TLS certificate and key: {}", error.code().message()));
  }
}

}  // namespace overlap::serve
