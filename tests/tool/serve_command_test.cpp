#include "serve/serve_command.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>

#include "serve/origin.hpp"
#include "tool/serve_test_client.hpp"

namespace overlap::serve {
namespace {

int run(const std::string& arguments) {
  CLI::App app;
  int exit_code = -1;
  add_serve_command(app, exit_code);
  app.parse(arguments);
  return exit_code;
}

TEST(ServeCommand, RefusesFlagsThatMakeNoSense) {
  for (const char* arguments : {"serve --latency 5x", "serve --jitter -1s", "serve --bandwidth 10MB",
                                "serve --fault-rate 1.5", "serve --threads 0", "serve --port 65536",
                                "serve --tls-cert only.pem", "serve --write-ca without-tls.pem", "serve extra"}) {
    EXPECT_THROW(run(arguments), CLI::ParseError) << arguments;
  }
}

TEST(ServeCommand, BadValuesAreQuoted) {
  try {
    run("serve --latency 5x");
    FAIL();
  } catch (const CLI::ValidationError& error) {
    EXPECT_NE(std::string(error.what()).find("--latency: invalid duration \"5x\""), std::string::npos) << error.what();
  }
}

TEST(ServeCommand, PortInUseIsSaidAndEndsWith2) {
  const BackgroundOrigin origin;
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("serve --port " + std::to_string(origin.port())), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("port " + std::to_string(origin.port())), std::string::npos);
}

TEST(ServeCommand, UnwritableAuthorityFileEndsWith3) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("serve --tls --write-ca /nowhere/ca.pem"), 3);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("/nowhere/ca.pem"), std::string::npos);
}

/// `overlap serve` in a process of its own.
class ServeProcess {
 public:
  explicit ServeProcess(const std::string& arguments) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      _exit(run(arguments));
    }
    ::close(ends[1]);
    output_ = fdopen(ends[0], "r");
  }
  ~ServeProcess() {
    if (!waited_) end(SIGKILL);
    std::fclose(output_);
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  std::string read_line() {
    char line[200] = "";
    return std::fgets(line, sizeof line, output_) == nullptr ? "" : line;
  }

  /// Sends the signal; the exit code, or -1 if the signal killed it.
  int end(int signal) {
    waited_ = true;
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  std::FILE* output_ = nullptr;
  bool waited_ = false;
};

TEST(ServeCommand, SaysWhereItListensAndEndsWellWhenAsked) {
  for (const int signal : {SIGINT, SIGTERM}) {
    ServeProcess process("serve --latency 1ms --jitter 1ms --bandwidth 10M --seed 4 --threads 2");
    const std::string line = process.read_line();
    const std::string start = "listening on http://127.0.0.1:";
    ASSERT_TRUE(line.starts_with(start)) << line;
    ASSERT_TRUE(line.ends_with('\n'));
    const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(start.size())));
    EXPECT_EQ(test::get(port, "/json/1").status, 200);
    EXPECT_EQ(process.end(signal), 0);
  }
}

TEST(ServeCommand, SaysHttpsWithTls) {
  ServeProcess process("serve --tls");
  EXPECT_TRUE(process.read_line().starts_with("listening on https://127.0.0.1:"));
  EXPECT_EQ(process.end(SIGTERM), 0);
}

}  // namespace
}  // namespace overlap::serve
