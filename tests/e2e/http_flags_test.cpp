// What the HTTP flags of `overlap get` make of its requests: the real program against servers that tell what they got.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include <string>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "e2e/http_requests.hpp"
#include "e2e/origin.hpp"
#include "support/dns_server.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using test::DnsReply;
using test::DnsServer;
using test::Nginx;
using test::RawServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing_support::class_in;
using testing_support::echo;
using testing_support::get;
using testing_support::json_of;
using testing_support::kOk;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

// ---- what a request says

TEST(HttpFlags, HeadersComeFromTheLineAndFromFiles) {
  const TemporaryDirectory files;
  files.write("headers", "Authorization: Bearer secret\r\n\nX-Two: b\n");
  const std::string request = echo({"-H", "X-One: a", "-H", "@" + files.file("headers"), "-H", "X-Empty:"});
  EXPECT_THAT(request, AllOf(HasSubstr("X-One: a\r\n"), HasSubstr("X-Two: b\r\n"), HasSubstr("X-Empty: \r\n"),
                             HasSubstr("Authorization: Bearer secret\r\n")));
}

TEST(HttpFlags, ASecretOnTheCommandLineIsRefusedAndNotRepeated) {
  const TemporaryDirectory out;
  const std::vector<std::vector<std::string>> cases = {{"-H", "Authorization: Bearer s3cret"},
                                                       {"-H", "cookie: id=s3cret"},
                                                       {"-b", "id=s3cret"},
                                                       {"-x", "http://me:s3cret@127.0.0.1:1"}};
  for (std::vector<std::string> flags : cases) {
    const std::string first = flags.back();
    flags.emplace_back("http://127.0.0.1:1/");
    const ProgramResult result = get(flags, out);
    EXPECT_EQ(result.exit_code, 2) << first;
    EXPECT_THAT(result.err, Not(HasSubstr("s3cret"))) << first;
  }
}

TEST(HttpFlags, AHeaderThatCannotBeSentIsRefusedWithItsNameAlone) {
  const TemporaryDirectory out;
  for (const std::string header : {"No colon", "Two words: s3cret", "Content-Length: 3", "X-A: s3cret\r\nX-B: 2"}) {
    const ProgramResult result = get({"-H", header, "http://127.0.0.1:1/"}, out);
    EXPECT_EQ(result.exit_code, 2) << header;
    EXPECT_THAT(result.err, AllOf(HasSubstr("-H '" + header.substr(0, 3)), Not(HasSubstr("s3cret")))) << header;
  }
}

TEST(HttpFlags, AFileThatCannotBeReadIsNamed) {
  const TemporaryDirectory out;
  const ProgramResult result = get({"-H", "@" + out.path(), "http://127.0.0.1:1/"}, out);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("-H: cannot read " + out.path() + ": Is a directory"));
}

TEST(HttpFlags, AFormIsPosted) {
  const TemporaryDirectory files;
  files.write("form", "c=3\nd=4\n");
  const std::string request = echo({"-d", "a=1", "-d", "b=2", "-d", "@" + files.file("form")});
  EXPECT_THAT(request, StartsWith("POST /echo"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\na=1&b=2&c=3d=4"));
}

TEST(HttpFlags, JsonIsPosted) {
  const TemporaryDirectory files;
  files.write("body", "{\"a\": 1}\n");
  for (const std::string& body : {std::string("{\"a\": 1}\n"), "@" + files.file("body")}) {
    const std::string request = echo({"--json-body", body});
    EXPECT_THAT(request, StartsWith("POST /echo"));
    EXPECT_THAT(request, AllOf(HasSubstr("Content-Type: application/json\r\n"), HasSubstr("Accept: application/json")));
    EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"a\": 1}\n"));
  }
}

TEST(HttpFlags, TheMethodAndTheTypeMayBeChosen) {
  const std::string request = echo({"-X", "PUT", "-d", "plain", "-H", "Content-Type: text/plain"});
  EXPECT_THAT(request,
              AllOf(StartsWith("PUT /echo"), HasSubstr("Content-Type: text/plain\r\n"), HasSubstr("\r\n\r\nplain")));
  EXPECT_THAT(request, Not(HasSubstr("urlencoded")));
}

TEST(HttpFlags, EveryModelSendsTheBody) {
  for (const std::string model : {"inline", "threads", "loop", "processes"})
    EXPECT_THAT(echo({"--model", model, "-d", "a=1"}), AllOf(StartsWith("POST"), HasSubstr("\r\n\r\na=1"))) << model;
}

TEST(HttpFlags, TheUserAgentIsTheGivenOne) {
  EXPECT_THAT(echo({"-A", "someone/1.0"}), HasSubstr("User-Agent: someone/1.0\r\n"));
  EXPECT_THAT(echo({}), HasSubstr("User-Agent: overlap/"));
}

TEST(HttpFlags, CompressedBodiesAreAskedForAndUnpacked) {
  EXPECT_THAT(echo({"--compressed"}), HasSubstr("Accept-Encoding: gzip, deflate\r\n"));
  EXPECT_THAT(echo({}), Not(HasSubstr("Accept-Encoding")));
  const Nginx server({.server = "gzip on; gzip_min_length 1; gzip_types *;"});
  server.write("page.txt", std::string(10'000, 'a'));
  const TemporaryDirectory out;
  const ProgramResult result = get({"--compressed", "--json", server.url("/page.txt")}, out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(out.read("saved/page.txt"), std::string(10'000, 'a'));
}

TEST(HttpFlags, TheVersionOfHttpMayBeChosen) {
  const Nginx server({.tls = true, .http2 = true, .server = "location /v { return 200 $server_protocol; }"});
  const std::string ca = server.certificates().ca();
  for (const auto& [flag, version] :
       {std::pair("--http1.1", "HTTP/1.1"), std::pair("--http2", "HTTP/2.0"), std::pair("--json", "HTTP/2.0")}) {
    const TemporaryDirectory out;
    const ProgramResult result = get({flag, "--cacert", ca, server.url("/v")}, out);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(out.read("saved/v"), version) << flag;
  }
}

// ---- which bodies are wanted

TEST(HttpFlags, AnErrorPageUnderStatus200IsRefusedByItsType) {
  const Origin origin;
  for (const std::string model : {"loop", "processes"}) {
    const TemporaryDirectory out;
    const ProgramResult result = get({"--model", model, "--accept-type", "image/*,application/octet-stream", "--json",
                                      origin.url("/fault/error-page"), origin.url("/bytes/100")},
                                     out);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(class_in(out), "refused");
    EXPECT_THAT(rows_of(out.file("saved")).at(0).message, HasSubstr("text/html"));
    EXPECT_EQ(number(json_of(result), "ok"), 1) << result.out;
    EXPECT_TRUE(out.has("saved/100"));
    EXPECT_FALSE(out.has("saved/error-page"));
  }
}

TEST(HttpFlags, ABodyWithoutATypeIsNotOfAnAcceptedOne) {
  const RawServer server(kOk);
  const TemporaryDirectory out;
  EXPECT_EQ(get({"--accept-type", "text/html", server.url("/x")}, out).exit_code, 1);
  EXPECT_EQ(class_in(out), "refused");
}

// ---- the way it takes

TEST(HttpFlags, ANameMayBeGivenItsAddress) {
  const Origin origin;
  const TemporaryDirectory out;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const ProgramResult result =
      get({"--resolve", "www.example.test:" + port + ":127.0.0.1", "http://www.example.test:" + port + "/echo"}, out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(out.read("saved/echo"), HasSubstr("Host: www.example.test:" + port));
}

TEST(HttpFlags, NamesAreLookedUpWhereToldTo) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  for (const std::string model : {"inline", "threads", "loop", "processes"}) {
    const TemporaryDirectory out;
    const ProgramResult result =
        get({"--model", model, "--dns-servers", dns.address(), "-4", "http://www.example.test:" + port + "/echo"}, out);
    EXPECT_EQ(result.exit_code, 0) << model << result.err;
  }
  EXPECT_EQ(dns.questions().size(), 4U);
}

TEST(HttpFlags, ANameThatIsNoneIsNotTriedAgainAndAFailingServerIs) {
  const DnsServer none({.kind = DnsReply::Kind::no_such_name});
  const DnsServer failing({.kind = DnsReply::Kind::server_failure});
  for (const auto& [server, tries] : {std::pair(&none, 1), std::pair(&failing, 3)}) {
    const TemporaryDirectory out;
    const ProgramResult result =
        overlap_program({"get", "--dns-servers", server->address(), "--retry", "2", "--retry-delay", "1ms", "-P",
                         out.file("saved"), "http://www.example.test/"});
    EXPECT_EQ(result.exit_code, 1);
    const auto row = rows_of(out.file("saved")).at(0);
    EXPECT_EQ(row.error_class, "dns");
    EXPECT_EQ(row.tries, tries) << row.message;
  }
}

TEST(HttpFlags, TheFamilyOfAddressesMayBeChosen) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const TemporaryDirectory out;
  EXPECT_EQ(get({"-4", "http://localhost:" + port + "/echo"}, out).exit_code, 0);
  EXPECT_EQ(get({"-6", "--force", "http://localhost:" + port + "/echo"}, out).exit_code, 1);
  EXPECT_EQ(class_in(out), "connect");
}

TEST(HttpFlags, AnAddressOfTheOtherFamilyIsNotConnectedTo) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const std::string url = "http://www.example.test:" + port + "/echo";
  const std::vector<std::vector<std::string>> cases = {
      {"-6", "http://127.0.0.1:" + port + "/echo"},
      {"-6", "--resolve", "www.example.test:" + port + ":127.0.0.1", url},
      {"-4", "--resolve", "www.example.test:" + port + ":[::1]", url}};
  for (const std::vector<std::string>& flags : cases) {
    const TemporaryDirectory out;
    const ProgramResult result = get(flags, out);
    EXPECT_EQ(result.exit_code, 1) << flags.back();
    EXPECT_THAT(result.out, HasSubstr("-4 and -6 do not allow them; --retry-failed asks for them again"));
    EXPECT_EQ(class_in(out), "dns") << flags.back();
    EXPECT_EQ(rows_of(out.file("saved")).at(0).message,
              flags.front() == "-6" ? "it has no IPv6 address" : "it has no IPv4 address");
  }
  EXPECT_EQ(origin.requests(), 0U);
}

TEST(HttpFlags, PrivateAddressesAreRefusedHoweverTheyAreSpelt) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  const DnsServer dns({.addresses = {"127.0.0.1"}});
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]",
                                 "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "innocent.example.test"}) {
    const TemporaryDirectory out;
    const ProgramResult result =
        get({"--block-private", "--dns-servers", dns.address(), "http://" + host + ":" + port + "/echo"}, out);
    EXPECT_EQ(result.exit_code, 1) << host;
    EXPECT_EQ(class_in(out), "refused") << host << result.err;
    EXPECT_EQ(rows_of(out.file("saved")).at(0).tries, 1) << host;
  }
  EXPECT_EQ(origin.requests(), 0U);
}

TEST(HttpFlags, ANameThatTurnsPrivateIsRefusedWhenItDoes) {
  const Origin origin;
  const std::string port = origin.url().substr(origin.url().rfind(':') + 1);
  // Public when it is first asked for, as a check before the request would ask; then not any more.
  std::atomic<int> asked = 0;
  const DnsServer dns([&](const std::string&) -> DnsReply {
    return {.addresses = {++asked == 1 ? "198.51.100.1" : "127.0.0.1"}, .ttl = 0};
  });
  const TemporaryDirectory out;
  for (int run = 0; run < 2; ++run) {
    const ProgramResult result = get({"--block-private", "-4", "--force", "--connect-timeout", "200ms", "--dns-servers",
                                      dns.address(), "http://rebinding.test:" + port + "/echo"},
                                     out);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(class_in(out), "refused") << "a documentation address is none of the public internet either";
  }
  EXPECT_EQ(origin.requests(), 0U);
}

TEST(HttpFlags, FlagsThatCannotBeAreNamedWithWhatIsWrong) {
  const TemporaryDirectory out;
  out.write("certificate", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
  const std::string certificate = out.file("certificate");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"-H", "@/nonexistent"}, "/nonexistent"},
      {{"-d", "@/nonexistent"}, "/nonexistent"},
      {{"--json-body", "@/nonexistent"}, "/nonexistent"},
      {{"-d", "a", "--json-body", "{}"}, "--json-body"},
      {{"-X", "GE T"}, "-X"},
      {{"--accept-type", "image"}, "--accept-type"},
      {{"-b", "/nonexistent"}, "-b"},
      {{"--user-file", "/nonexistent"}, "--user-file"},
      {{"--netrc-file", "/nonexistent"}, "--netrc-file"},
      {{"--cert", "/nonexistent"}, "--cert"},
      {{"--key", "/dev/null"}, "--cert"},
      {{"--cacert", "/nonexistent"}, "--cacert"},
      {{"--cacert", out.path()}, "--cacert"},
      {{"--cert", certificate}, "--cert without --key: there is no PRIVATE KEY"},
      {{"--cert", certificate, "--key", "/nonexistent"}, "--key"},
      {{"--cert", certificate, "--key", certificate}, "--key: there is no PRIVATE KEY"},
      {{"--resolve", "nonsense"}, "'nonsense'"},
      {{"--dns-servers", "example.com"}, "--dns-servers"},
      {{"-4", "-6"}, "-6"},
      {{"-c", out.file("jar"), "--model", "processes"}, "-c"},
      {{"--block-private", "-x", "http://127.0.0.1:1"}, "--block-private"},
  };
  for (const auto& [flags, named] : cases) {
    std::vector<std::string> arguments = flags;
    arguments.emplace_back("http://127.0.0.1:1/");
    const ProgramResult result = get(arguments, out);
    EXPECT_EQ(result.exit_code, 2) << flags.front() << result.err;
    EXPECT_THAT(result.err, HasSubstr(named)) << flags.front();
  }
}

TEST(HttpFlags, ACookieJarThatCannotBeWrittenIsALocalDiskError) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({"-c", "/nonexistent/jar", origin.url("/echo")}, out);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("/nonexistent/jar"));
}

// ---- secrets

TEST(HttpFlags, UserAndPasswordOfAUrlAreUsedAndNeverShownOrStored) {
  const TemporaryDirectory files;
  files.write("headers", "X-Token: t0ken\n");
  files.write("user", "other:hidden\n");
  for (const std::string model : {"loop", "processes"}) {
    const Origin origin;
    const TemporaryDirectory out;
    const std::string authority = origin.url().substr(origin.url().find("://") + 3);
    const ProgramResult result = overlap_program(
        {"get", "--model", model, "-v", "--json", "--retry", "1", "--retry-delay", "1ms", "-P", out.path(), "-H",
         "@" + files.file("headers"), "--user-file", files.file("user"), "http://me:s3cret@" + authority + "/echo",
         "http://me:s3cret@" + authority + "/fault/truncate", "http://me:s3cret@" + authority + "/fault/garbage"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(out.read("echo"), HasSubstr("Authorization: Basic bWU6czNjcmV0\r\n"));
    const std::string stored = out.read(".overlap/manifest.sqlite");
    for (const std::string secret : {"s3cret", "bWU6czNjcmV0", "t0ken", "hidden"}) {
      EXPECT_THAT(result.out + result.err, Not(HasSubstr(secret))) << model;
      EXPECT_THAT(stored, Not(HasSubstr(secret))) << model;
    }
  }
}

}  // namespace
}  // namespace overlap
