// As whom `overlap get` asks: users, cookies and certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/http_requests.hpp"
#include "e2e/origin.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using test::Nginx;
using test::RawConnection;
using test::RawServer;
using test::TestCertificates;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::class_in;
using testing_support::echo;
using testing_support::get;
using testing_support::Origin;
using testing_support::ProgramResult;
using testing_support::TemporaryDirectory;

TEST(HttpFlags, UserAndPasswordComeFromAFile) {
  const TemporaryDirectory files;
  files.write("user", "me:pass:word\n");
  EXPECT_THAT(echo({"--user-file", files.file("user")}), HasSubstr("Authorization: Basic bWU6cGFzczp3b3Jk\r\n"));
}

TEST(HttpFlags, ANetrcFileHasTheUserOfItsHost) {
  const TemporaryDirectory files;
  files.write("netrc", "machine 127.0.0.1 login me password secret\nmachine elsewhere login x password y\n");
  EXPECT_THAT(echo({"--netrc-file", files.file("netrc")}), HasSubstr("Authorization: Basic bWU6c2VjcmV0\r\n"));
  files.write("netrc", "machine elsewhere login x password y\n");
  EXPECT_THAT(echo({"--netrc-file", files.file("netrc")}), Not(HasSubstr("Authorization")));
}

TEST(HttpFlags, NetrcMeansTheOneAtHome) {
  const Origin origin;
  const TemporaryDirectory home;
  home.write(".netrc", "machine 127.0.0.1 login me password secret\n");
  const ProgramResult result =
      testing_support::run_program({"/usr/bin/env", "HOME=" + home.path(), testing_support::program(), "get", "--netrc",
                                    origin.url("/echo"), "-P", home.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(home.read("echo"), HasSubstr("Authorization: Basic bWU6c2VjcmV0\r\n"));
}

TEST(HttpFlags, CookiesComeFromAFile) {
  const TemporaryDirectory files;
  files.write("cookies",
              "# Netscape HTTP Cookie File\n\n127.0.0.1\tFALSE\t/\tFALSE\t0\tid\tabc\n"
              "#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tonly\thttp\n"
              "elsewhere.test\tFALSE\t/\tFALSE\t0\tother\txyz\n");
  for (const std::string model : {"inline", "threads", "loop", "processes"}) {
    const std::string request = echo({"--model", model, "-b", files.file("cookies")});
    EXPECT_THAT(request, AllOf(HasSubstr("Cookie: "), HasSubstr("id=abc"), HasSubstr("only=http"))) << model;
    EXPECT_THAT(request, Not(HasSubstr("xyz"))) << model;
  }
}

RawServer::Script giving_cookies() {
  return [](RawConnection& connection) {
    while (connection.read_request()) {
      if (!connection.send("HTTP/1.1 200 OK\r\nSet-Cookie: id=given; Max-Age=3600\r\nContent-Length: 1\r\n\r\nx"))
        return;
    }
  };
}

TEST(HttpFlags, CookiesAreSentBackAndWrittenToTheJar) {
  for (const std::string model : {"inline", "threads", "loop"}) {
    const RawServer server(giving_cookies());
    const TemporaryDirectory out;
    const ProgramResult result =
        get({"--model", model, "--workers", "1", "-j", "1", "-c", out.file("jar"), server.url("/1"), server.url("/2")},
            out);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_THAT(requests[0], Not(HasSubstr("Cookie"))) << model;
    EXPECT_THAT(requests[1], HasSubstr("Cookie: id=given\r\n")) << model;
    EXPECT_THAT(out.read("jar"), HasSubstr("\tid\tgiven\n")) << model;
    struct stat status{};
    ASSERT_EQ(stat(out.file("jar").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(get({"-b", out.file("jar"), server.url("/3")}, out).exit_code, 0);
    EXPECT_THAT(server.requests().back(), HasSubstr("Cookie: id=given\r\n")) << model;
  }
}

TEST(HttpFlags, WithoutThemNoCookiesAreKept) {
  const RawServer server(giving_cookies());
  const TemporaryDirectory out;
  EXPECT_EQ(get({"-j", "1", server.url("/1"), server.url("/2")}, out).exit_code, 0);
  EXPECT_THAT(server.requests().back(), Not(HasSubstr("Cookie")));
}

TEST(HttpFlags, TheThreadsOfARunShareTheirCookies) {
  const RawServer server(giving_cookies());
  const TemporaryDirectory out;
  std::vector<std::string> arguments = {"--model", "threads",       "--workers",      "3",
                                        "-c",      out.file("jar"), "--max-per-host", "1"};
  for (int i = 0; i < 30; ++i) arguments.push_back(server.url("/" + std::to_string(i)));
  EXPECT_EQ(get(arguments, out).exit_code, 0);
  int without = 0;
  for (const std::string& request : server.requests()) without += request.find("Cookie: ") == std::string::npos ? 1 : 0;
  EXPECT_EQ(without, 1) << "only the first, one after the other as they were";
}

TEST(HttpFlags, ACertificateIsShownToTheServer) {
  const TestCertificates client;
  const Nginx server(
      {.tls = true, .server = "ssl_verify_client optional_no_ca; location /who { return 200 $ssl_client_s_dn; }"});
  const TemporaryDirectory out;
  const ProgramResult result = get({"--cacert", server.certificates().ca(), "--cert", client.certificate(), "--key",
                                    client.key(), server.url("/who")},
                                   out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(out.read("saved/who"), "CN=localhost");
}

TEST(HttpFlags, AnUncheckedCertificateIsTakenOnlyWhenAskedTo) {
  const Nginx server({.tls = true});
  server.write("page", "x");
  const TemporaryDirectory out;
  EXPECT_EQ(get({server.url("/page")}, out).exit_code, 1);
  EXPECT_EQ(class_in(out), "tls");
  EXPECT_EQ(get({"-k", "--retry-failed", server.url("/page")}, out).exit_code, 0);
}

}  // namespace
}  // namespace overlap
