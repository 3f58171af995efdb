#include "compare/run_protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace overlap::compare {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

RunSpec some_spec() {
  RunSpec spec;
  spec.workload = "pages";
  spec.model = cli::Model::processes;
  spec.workers = 5;
  spec.max_concurrent = 160;
  spec.sites = {"http://127.0.0.1:1", "http://127.0.0.1:2"};
  spec.seed = 0xFFFF'FFFF'FFFF'FFFF;
  spec.latency = 50ms;
  spec.sleep_unit = 1s;
  spec.list_file = "a \"list\"\n.txt";
  spec.directory = "/tmp/x";
  spec.trace_file = "/tmp/t.json";
  spec.prepare = true;
  return spec;
}

RunResult some_result() {
  RunResult result;
  result.items = 160;
  result.failed = 1;
  result.failed_at = {17};
  result.refused = 1;
  result.bytes = 1'000'000;
  result.seconds = 1.625;
  result.cpu_seconds = 0.03125;
  result.machine_busy = 0.75;
  result.stalled_seconds = 0.125;
  result.start_seconds = 0.25;
  result.workers_ready = 5;
  result.processes = 7;
  result.resident_bytes = 20'000'000;
  result.peak_memory = 12'000'000;
  result.waited_seconds = 8.5;
  result.longest_seconds = 0.0625;
  result.digest = "abc";
  result.expected_digest = "abd";
  result.problems = {"http://x/: status 500"};
  result.parts = {{.name = "map", .seconds = 0.5, .order = {5, 4, 0.5}, .expected = -1, .got = 2}};
  return result;
}

TEST(RunProtocol, SpecificationArrivesAsItWasSent) { EXPECT_EQ(parse_run_spec(to_json(some_spec())), some_spec()); }

TEST(RunProtocol, ResultArrivesAsItWasSent) { EXPECT_EQ(parse_run_result(to_json(some_result())), some_result()); }

TEST(RunProtocol, TextThatIsNoJsonIsAnError) {
  EXPECT_FALSE(parse_run_result(""));
  EXPECT_FALSE(parse_run_result("{\"items\":"));
  EXPECT_FALSE(parse_run_result("[]"));
}

TEST(RunProtocol, MissingFieldIsNamed) {
  EXPECT_THAT(parse_run_spec("{}").error(), HasSubstr("'workload' is missing"));
}

TEST(RunProtocol, FieldOfAnotherTypeIsNamed) {
  std::string text = to_json(some_spec());
  text.replace(text.find("\"processes\""), std::string_view("\"processes\"").size(), "\"fibres\"");
  EXPECT_THAT(parse_run_spec(text).error(), HasSubstr("'model': no model is called 'fibres'"));
}

TEST(RunProtocol, NumberThatDoesNotFitIsAnError) {
  std::string text = to_json(some_result());
  text.replace(text.find("\"items\":160"), std::string_view("\"items\":160").size(), "\"items\":-1");
  EXPECT_THAT(parse_run_result(text).error(), HasSubstr("'items'"));
}

}  // namespace
}  // namespace overlap::compare
