#include "serve/tls.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "serve/content.hpp"

namespace overlap::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

/// A connection that verifies the server against `ca` and the name `host`.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& ca, const std::string& host)
      : context_(make_context(ca)), stream_(loop_, context_) {
    stream_.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream_.set_verify_callback(asio::ssl::host_name_verification(host));
    stream_.handshake(asio::ssl::stream_base::client, error_);
  }

  boost::system::error_code error() const { return error_; }

  std::string get(std::string_view target) {
    http::request<http::empty_body> request(http::verb::get, {target.data(), target.size()}, 11);
    http::write(stream_, request);
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    http::read(stream_, buffer_, parser);
    return std::move(parser.get().body());
  }

 private:
  static asio::ssl::context make_context(const std::string& ca) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    if (!ca.empty()) context.add_certificate_authority(asio::buffer(ca));
    return context;
  }

  asio::io_context loop_;
  asio::ssl::context context_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
  boost::system::error_code error_;
};

TEST(ServeTls, MadeCertificateIsTrustedThroughItsAuthority) {
  const BackgroundOrigin origin({.tls = TlsOptions{}});
  EXPECT_TRUE(origin.url().starts_with("https://127.0.0.1:"));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    EXPECT_FALSE(TlsClient(origin.port(), origin.ca_pem(), host).error()) << host;
  }
}

TEST(ServeTls, OtherNamesAndOtherAuthoritiesAreNot) {
  const BackgroundOrigin origin({.tls = TlsOptions{}});
  const BackgroundOrigin other({.tls = TlsOptions{}});
  EXPECT_TRUE(TlsClient(origin.port(), origin.ca_pem(), "example.org").error());
  EXPECT_TRUE(TlsClient(origin.port(), other.ca_pem(), "localhost").error());
  EXPECT_TRUE(TlsClient(origin.port(), {}, "localhost").error());
}

TEST(ServeTls, ServesTheSameContent) {
  const BackgroundOrigin origin({.tls = TlsOptions{}});
  TlsClient client(origin.port(), origin.ca_pem(), "localhost");
  ASSERT_FALSE(client.error());
  for (const char* target : {"/json/1", "/bytes/5000000", "/image/1.jpg", "/page", "/page"}) {
    EXPECT_TRUE(client.get(target) == content_for(target, 1)->body()) << target;
  }
}

TEST(ServeTls, PlainHttpWithoutTlsHasNoAuthority) { EXPECT_EQ(BackgroundOrigin().ca_pem(), ""); }

class ServeTlsFiles : public testing::Test {
 protected:
  ~ServeTlsFiles() override {
    for (const std::string& name : {cert_, key_}) std::remove(name.c_str());
  }

  static void write(const std::string& name, const std::string& text) { std::ofstream(name) << text; }

  const std::string cert_ = testing::TempDir() + "serve_tls_test_cert.pem";
  const std::string key_ = testing::TempDir() + "serve_tls_test_key.pem";
};

TEST_F(ServeTlsFiles, AreUsed) {
  const Certificates made = make_certificates("127.0.0.1");
  write(cert_, made.chain);
  write(key_, made.key);
  const BackgroundOrigin origin({.tls = TlsOptions{cert_, key_}});
  EXPECT_EQ(origin.ca_pem(), "");
  EXPECT_FALSE(TlsClient(origin.port(), made.ca, "localhost").error());
}

TEST_F(ServeTlsFiles, ThatAreMissingAreNamed) {
  try {
    const Origin origin({.tls = TlsOptions{"/nowhere/cert.pem", "/nowhere/key.pem"}});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/cert.pem"), std::string::npos) << error.what();
  }
}

TEST_F(ServeTlsFiles, ThatAreNoCertificatesAreRefused) {
  write(cert_, "not a certificate");
  write(key_, "not a key");
  EXPECT_THROW(Origin({.tls = TlsOptions{cert_, key_}}), std::runtime_error);
}

TEST_F(ServeTlsFiles, ThatDoNotBelongTogetherAreRefused) {
  write(cert_, make_certificates("127.0.0.1").chain);
  write(key_, make_certificates("127.0.0.1").key);
  EXPECT_THROW(Origin({.tls = TlsOptions{cert_, key_}}), std::runtime_error);
}

}  // namespace
}  // namespace overlap::serve
