// `overlap get` from a server that is not ours: nginx, plain, over TLS with its own authority, and over HTTP/2.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "e2e/origin.hpp"
#include "support/gate.hpp"
#include "support/nginx.hpp"
#include "support/program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using test::Nginx;
using testing_support::Program;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

// Bytes that no compression or text mode would leave alone, and that differ from file to file.
std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 2654435761U + 1;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}

struct Site {
  explicit Site(const Nginx::Options& options) : server(options) {
    for (int i = 0; i < 20; ++i) add("small-" + std::to_string(i), 1024, i);
    for (int i = 0; i < 10; ++i) add("middle-" + std::to_string(i), 100 * 1024, 100 + i);
    for (int i = 0; i < 15; ++i) add("large-" + std::to_string(i), 4 * 1000 * 1000, 200 + i);
  }

  void add(const std::string& name, std::size_t size, int seed) {
    files[name] = noise(size, static_cast<std::uint64_t>(seed));
    server.write(name, files[name]);
  }

  ProgramResult fetch_into(const TemporaryDirectory& out, std::vector<std::string> flags) const {
    std::string list;
    for (const auto& [name, body] : files) list += server.url("/" + name) + "\n";
    flags.insert(flags.begin(), {program(), "get", "-i", "-", "-P", out.path(), "--json"});
    return run_program(flags, {.text = list, .environment = {}, .directory = {}});
  }

  void expect_same_files(const TemporaryDirectory& out, const std::string& what) const {
    EXPECT_EQ(out.files().size(), files.size()) << what;
    for (const auto& [name, body] : files) {
      EXPECT_TRUE(out.read(name) == body) << what << ": " << name << " differs";
    }
  }

  Nginx server;
  std::map<std::string, std::string> files;
};

TEST(GetFromNginx, SmallMiddleAndLargeFilesAreWholeUnderEveryModel) {
  const Site site({});
  for (const std::string model : {"inline", "threads", "loop", "processes"}) {
    const TemporaryDirectory out;
    const ProgramResult result = site.fetch_into(out, {"--model", model});
    EXPECT_EQ(result.exit_code, 0) << model << result.err;
    site.expect_same_files(out, model);
  }
}

TEST(GetFromNginx, OverTlsWithItsOwnAuthority) {
  const Site site({.tls = true});
  for (const std::string model : {"loop", "processes"}) {
    const TemporaryDirectory out;
    const ProgramResult result =
        site.fetch_into(out, {"--model", model, "--cacert", site.server.certificates().ca(), "--http1.1"});
    EXPECT_EQ(result.exit_code, 0) << model << result.err;
    site.expect_same_files(out, model);
  }
}

TEST(GetFromNginx, OverHttp2) {
  // The server refuses whoever speaks an older version.
  const Site site({.tls = true, .http2 = true, .server = "if ($server_protocol != HTTP/2.0) { return 505; }"});
  const TemporaryDirectory out;
  const ProgramResult result = site.fetch_into(out, {"--cacert", site.server.certificates().ca()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  site.expect_same_files(out, "HTTP/2");
}

TEST(GetFromNginx, AnUnknownAuthorityIsRefusedAndNotTriedAgain) {
  const Nginx server({.tls = true});
  server.write("page", "secret");
  const TemporaryDirectory out;
  const ProgramResult result = run_program({program(), "get", server.url("/page"), "-P", out.path(), "--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find(R"("tls":1)"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(R"("retries":0)"), std::string::npos) << result.out;
  EXPECT_EQ(out.files(), std::vector<std::string>{});
}

// The worker's pid is found among the descendants of the program, by the name that the pool gives its workers.
std::vector<pid_t> descendants_of(pid_t ancestor) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t paren = text.rfind(')');
    if (paren == std::string::npos) continue;
    const pid_t parent = static_cast<pid_t>(std::stol(text.substr(paren + 4)));
    if (parent == ancestor) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

TEST(GetWithProcesses, AWorkerKilledInMidRunIsReplacedAndItsRequestMadeAgain) {
  test::Gate gate;
  const test::RawServer server([pass = gate.pass()](test::RawConnection& connection) {
    while (connection.read_request()) {
      pass.wait();
      if (!connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")) return;
    }
  });
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 40; ++i) list += server.url("/page-" + std::to_string(i)) + "\n";
  Program running({program(), "get", "-i", "-", "-P", out.path(), "--model", "processes", "--workers", "2", "-v",
                   "--retry-delay", "1ms", "--json"},
                  {.text = list, .environment = {}, .directory = {}});
  gate.wait_for_arrivals(2);  // both workers have a request under way
  const std::vector<pid_t> helper = descendants_of(running.pid());
  ASSERT_EQ(helper.size(), 1U);
  const std::vector<pid_t> workers = descendants_of(helper.front());
  ASSERT_EQ(workers.size(), 2U);
  ASSERT_EQ(kill(workers.front(), SIGKILL), 0);
  ASSERT_TRUE(running.wait_for_error("SIGKILL"));
  gate.open();
  const ProgramResult result = running.wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find(R"("ok":40)"), std::string::npos) << result.out;
  for (int i = 0; i < 40; ++i) EXPECT_EQ(out.read("page-" + std::to_string(i)), "x");
}

}  // namespace
}  // namespace overlap
