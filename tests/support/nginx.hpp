#pragma once
/// A real nginx for one test: on a port of its own, with a configuration of its own, ended with the test.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/program.hpp"

namespace overlap::test {

using testing_support::Program;
using testing_support::TemporaryDirectory;

/// A certificate authority and a certificate by it for localhost and 127.0.0.1, made on the spot.
class TestCertificates {
 public:
  /// `days`: how long the server's is good for; it has expired if negative.
  explicit TestCertificates(int days = 2) {
    directory_.write("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    const std::vector<std::string> key = {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"};
    openssl({"req", "-x509", "-days", "2", "-subj", "/CN=overlap test CA", "-keyout", file("ca.key"), "-out", ca()},
            key);
    openssl({"req", "-new", "-subj", "/CN=localhost", "-keyout", this->key(), "-out", file("request")}, key);
    openssl({"x509", "-req", "-days", std::to_string(days), "-in", file("request"), "-CA", ca(), "-CAkey",
             file("ca.key"), "-CAcreateserial", "-extfile", file("names"), "-out", certificate()},
            {});
  }

  std::string ca() const { return file("ca.pem"); }
  std::string certificate() const { return file("server.pem"); }
  std::string key() const { return file("server.key"); }

 private:
  std::string file(const std::string& name) const { return directory_.file(name); }

  static void openssl(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.begin(), "/usr/bin/openssl");
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = testing_support::run_program(arguments);
    if (result.exit_code != 0) throw std::runtime_error("openssl: " + result.err);
  }

  TemporaryDirectory directory_;
};

class Nginx {
 public:
  struct Options {
    std::string root{};        ///< the files to serve; empty: a directory of its own, see write()
    bool tls = false;          ///< with certificates() of its own
    bool http2 = false;        ///< offered over TLS; over plain TCP it is all that is spoken
    std::string server{};      ///< more directives for the server block
    int certificate_days = 2;  ///< how long the certificate is good for; negative: it has expired
  };

  static bool is_installed() { return access(kProgram, X_OK) == 0; }

  Nginx() : Nginx(Options{}) {}
  explicit Nginx(const Options& options) : tls_(options.tls) {
    if (options.tls) certificates_ = std::make_unique<TestCertificates>(options.certificate_days);
    // The socket is made here and handed down, as nginx hands its own to the next version of itself. So the port is
    // free for certain, and connections are taken from now on, however long nginx needs to start.
    const int listener = listen_anywhere();
    files_.write("nginx.conf", configuration(options));
    testing_support::ProgramInput input;
    input.environment = {"NGINX=" + std::to_string(listener) + ";"};
    // Should the test die, its nginx does too.
    process_ = std::make_unique<Program>(
        std::vector<std::string>{"/usr/bin/setpriv", "--pdeathsig", "TERM", kProgram, "-p", files_.path(), "-c",
                                 files_.file("nginx.conf"), "-e", "stderr"},
        std::move(input));
    close(listener);
  }

  ~Nginx() {
    process_->signal(SIGTERM);  // a master that is killed leaves its worker behind
    process_->wait();
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  int pid() const { return process_->pid(); }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + path;
  }
  /// Puts a file where the server looks, unless it was given a root.
  void write(const std::string& name, const std::string& text) const { root_.write(name, text); }
  const TestCertificates& certificates() const { return *certificates_; }

 private:
  static constexpr const char* kProgram = "/usr/sbin/nginx";

  int listen_anywhere() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (listener < 0 || bind(listener, generic, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, generic, &size) != 0)
      throw std::system_error(errno, std::generic_category(), "nginx: its socket");
    port_ = ntohs(address.sin_port);
    return listener;
  }

  std::string configuration(const Options& options) const {
    std::string text = geteuid() == 0 ? "user root;\n" : "";  // else nginx gives up root, and cannot read the files
    text +=
        "daemon off; worker_processes 1; worker_rlimit_nofile 8192; pid nginx.pid; error_log stderr crit;\n"
        "events { worker_connections 4096; }\n"
        "http {\n"
        "  access_log off; default_type application/octet-stream; types { text/html html; text/plain txt; }\n"
        "  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n"
        "  keepalive_requests 1000000; keepalive_timeout 300s;\n"
        "  server {\n";
    text += "    listen 127.0.0.1:" + std::to_string(port_) + (options.tls ? " ssl" : "") +
            (options.http2 ? " http2" : "") + ";\n";
    if (options.tls) {
      text += "    ssl_certificate " + certificates_->certificate() + "; ssl_certificate_key " + certificates_->key() +
              ";\n";
    }
    text += "    root " + (options.root.empty() ? root_.path() : options.root) + ";\n" + options.server + "\n  }\n}\n";
    return text;
  }

  const bool tls_;
  std::unique_ptr<TestCertificates> certificates_;
  TemporaryDirectory root_;
  TemporaryDirectory files_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> process_;
};

}  // namespace overlap::test
