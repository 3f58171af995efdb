// What needs a network of its own: public addresses that are this machine's, and a range of ports that ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "e2e/get_program.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing_support::json_of;
using testing_support::number;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

/// Runs a shell script in a network that has nothing but a loopback interface, with 1.2.3.4, a public address, as one
/// more of it: nothing leaves the machine. `$OVERLAP` is the program; `serve
/// ADDRESS PORT` starts an origin and waits until it listens.
class OwnNetwork : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult tried = run("true");
    if (tried.exit_code != 0) GTEST_SKIP() << "a network of one's own is not allowed here: " << tried.err;
  }

  ProgramResult run(const std::string& script) const {
    const std::string whole = R"(set -e
      export OVERLAP=')" + program() +
                              R"('
      ip link set lo up
      ip addr add 1.2.3.4/32 dev lo
      serve() {
        mkfifo "$1-$2"
        "$OVERLAP" serve --bind "$1" --port "$2" >"$1-$2" &
        origins="$origins $!"
        read -r listening <"$1-$2"
      }
      trap 'kill $origins 2>/dev/null || true' EXIT
    )" + script;
    return run_program({"/usr/bin/env", "unshare", "--user", "--map-root-user", "--net", "sh", "-c", whole},
                       {.text = {}, .environment = {}, .directory = directory_.path()});
  }

  const TemporaryDirectory directory_;
};

TEST_F(OwnNetwork, ARedirectFromAPublicAddressToAPrivateOneIsRefused) {
  const ProgramResult result = run(R"(
    serve 1.2.3.4 8080
    serve 127.0.0.1 8081
    "$OVERLAP" get -P out --block-private --retry 0 --json \
      'http://1.2.3.4:8080/page' \
      'http://1.2.3.4:8080/fault/status/302?location=http://127.0.0.1:8081/page' \
      'http://1.2.3.4:8080/fault/status/302?location=/page')");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(number(json_of(result), "ok"), 2);
  const auto rows = rows_of(directory_.file("out"));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].error_class, "refused");
  EXPECT_EQ(rows[1].tries, 1);
  EXPECT_THAT(rows[1].message, HasSubstr("its address is private"));
}

TEST_F(OwnNetwork, WithFewPortsFewerRunAtATimeAndNothingIsLost) {
  const ProgramResult result = run(R"(
    echo '40000 40009' >/proc/sys/net/ipv4/ip_local_port_range
    serve 127.0.0.1 8080
    for i in $(seq 300); do echo "http://127.0.0.1:8080/page-$i"; done >urls
    "$OVERLAP" get -i urls -P out -j 100 --max-per-host 100 --retry 0 --json)");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "ok"), 300);
  EXPECT_THAT(result.err, HasSubstr("fewer requests at a time"));
}

}  // namespace
}  // namespace overlap
