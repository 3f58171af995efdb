#include "serve/serve_command.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "cli/escape.hpp"
#include "cli/result_stream.hpp"
#include "cli/units.hpp"
#include "serve/faults.hpp"
#include "serve/origin.hpp"

namespace overlap::serve {
namespace {

enum ExitCode {
  kStopped = 0,
  kUnusable = 2,
  kDisk = 3,
};

struct ServeFlags {
  OriginOptions origin;
  bool tls = false;
  TlsOptions files;
  std::string ca_file;
};

/// Calls stop() of an origin at the first SIGINT or SIGTERM, for as long as it lives.
class StopOnSignal {
 public:
  explicit StopOnSignal(Origin& origin) : signals_(loop_, SIGINT, SIGTERM) {
    signals_.async_wait([&origin](const boost::system::error_code& error, int) {
      if (!error) origin.stop();
    });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~StopOnSignal() {
    loop_.stop();
    thread_.join();
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  boost::asio::io_context loop_;
  boost::asio::signal_set signals_;
  std::thread thread_;
};

/// Each connection is a descriptor, and the usual soft limit is 1024. Best effort: what is refused stays as it was.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool write_file(const std::string& name, const std::string& text) {
  std::ofstream file(name, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return !file.fail();
}

int run_serve(ServeFlags flags) {
  raise_descriptor_limit();
  if (flags.tls || !flags.files.cert.empty()) flags.origin.tls = flags.files;
  try {
    Origin origin(flags.origin);
    if (!flags.ca_file.empty() && !write_file(flags.ca_file, origin.ca_pem())) {
      fmt::print(stderr, "overlap serve: cannot write {}: {}\n", cli::escape_for_terminal(flags.ca_file),
                 std::strerror(errno));
      return kDisk;
    }
    const StopOnSignal stop_on_signal(origin);
    cli::ResultStream out;
    out.write(fmt::format("listening on {}\n", origin.url()));
    // At once: whoever started this waits for the line, and stdout may be a pipe.
    if (const auto printed = out.finish(); !printed) {
      fmt::print(stderr, "overlap serve: {}\n", printed.error());
      return kDisk;
    }
    origin.run();
    return kStopped;
  } catch (const std::exception& error) {
    fmt::print(stderr, "overlap serve: {}\n", cli::escape_for_terminal(error.what()));
    return kUnusable;
  }
}

CLI::Option* add_duration(CLI::App& command, const std::string& name, std::chrono::nanoseconds& value,
                          const std::string& help) {
  const auto read = [&value, name](const std::string& text) {
    const auto parsed = cli::parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error());
    value = *parsed;
  };
  return command.add_option_function<std::string>(name, read, help)->type_name("DURATION");
}

CLI::Option* add_size(CLI::App& command, const std::string& name, std::uint64_t& value, const std::string& help) {
  const auto read = [&value, name](const std::string& text) {
    const auto parsed = cli::parse_size(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error());
    value = *parsed;
  };
  return command.add_option_function<std::string>(name, read, help)->type_name("SIZE");
}

std::string path_help() {
  std::string text =
      "Paths:\n"
      "  /bytes/N              N bytes (10M is a size too)\n"
      "  /json/ID              a JSON object\n"
      "  /image/ID.jpg         a photograph of 2 to 5 MB\n"
      "  /status/CODE          that status [?retry-after=V&location=V]\n"
      "  /redirect/N           N redirects [?code=301&to=URL]\n"
      "  /echo                 the request as it was received\n"
      "  any other             an HTML page of 2 to 60 KiB\n"
      "Faults, below /fault/:\n";
  for (const Fault& fault : faults()) text += fmt::format("  {}\n      {}\n", fault.usage, fault.help);
  return text;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("serve", "A local origin server: chosen latency, sizes and faults, by seed");
  const auto flags = std::make_shared<ServeFlags>();
  OriginOptions& origin = flags->origin;
  command.add_option("--port", origin.port, "Port to listen on; 0: any free one")->capture_default_str();
  command.add_option("--bind", origin.bind, "Address to listen on")->capture_default_str();
  add_duration(command, "--latency", origin.latency, "Wait before every response, such as 50ms");
  add_duration(command, "--jitter", origin.jitter, "Up to this much more, by seed");
  add_size(command, "--bandwidth", origin.bandwidth, "Bytes of body a second and connection, such as 10M");
  command
      .add_option("--at-once", origin.at_once, "Answer so many requests at a time; the others wait their turn (0: all)")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--refuse-above", origin.refuse_above, "Say 429 to what comes while so many are under way (0: never)")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", origin.seed, "What all content follows from")->capture_default_str();
  command.add_option("--fault-rate", origin.fault_rate, "Share of requests that meet a 503 or a reset")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--threads", origin.threads, "Threads that answer")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  auto* tls = command.add_flag("--tls", flags->tls, "Serve https, with a certificate made for the occasion");
  auto* cert = command.add_option("--tls-cert", flags->files.cert, "Serve https with this certificate chain (PEM)");
  auto* key = command.add_option("--tls-key", flags->files.key, "The key of --tls-cert (PEM)");
  cert->needs(key);
  key->needs(cert);
  command.add_option("--write-ca", flags->ca_file, "Write what clients need to trust the made certificate (--cacert)")
      ->needs(tls)
      ->excludes(cert);
  command.footer(path_help());
  command.callback([flags, &exit_code] { exit_code = run_serve(*flags); });
}

}  // namespace overlap::serve
