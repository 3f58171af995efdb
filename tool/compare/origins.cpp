#include "compare/origins.hpp"

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "compare/process_tree.hpp"

namespace overlap::compare {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartTimeout = 30s;
constexpr auto kEndGrace = 2s;
constexpr std::string_view kGreeting = "listening on ";

}  // namespace

std::expected<Origins, std::string> Origins::start(const Options& options) {
  Origins origins;
  cli::ChildOptions child_options;
  child_options.program = options.program;
  child_options.arguments = {"serve",
                             "--port",
                             "0",
                             "--latency",
                             fmt::format("{}ns", options.latency.count()),
                             "--seed",
                             std::to_string(options.seed)};
  // All are started before the first is waited for.
  for (std::size_t i = 0; i < options.count; ++i) {
    auto child = cli::Child::start(child_options);
    if (!child) return std::unexpected(child.error());
    child->close_input();
    origins.children_.push_back(std::move(*child));
  }
  for (cli::Child& child : origins.children_) {
    const auto line = cli::read_first_line(child, kStartTimeout, options.interrupt);
    if (!line) return std::unexpected(fmt::format("the origin did not start: {}", line.error()));
    if (!line->starts_with(kGreeting)) {
      return std::unexpected(fmt::format("the origin said '{}'", cli::escape_for_terminal(*line, 100)));
    }
    origins.urls_.push_back(line->substr(kGreeting.size()));
  }
  return origins;
}

Origins::~Origins() {
  for (cli::Child& child : children_) {
    if (child.pid() > 0) child.terminate(kEndGrace);
  }
}

std::vector<Duration> Origins::cpu() const {
  std::vector<Duration> used;
  for (const cli::Child& child : children_) used.push_back(cpu_of_process(child.pid()));
  return used;
}

std::optional<std::string> Origins::find_death() {
  for (cli::Child& child : children_) {
    if (child.pid() > 0 && child.has_ended()) return fmt::format("the origin {}", child.wait().describe());
  }
  return std::nullopt;
}

}  // namespace overlap::compare
