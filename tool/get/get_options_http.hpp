#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

#include "get/fetch_job.hpp"

namespace overlap::get {

/// What every request says, and the way that it takes. What is secret comes from files: everybody on a machine can read
/// its command lines.
struct HttpFlags {
  std::vector<std::string> headers;
  std::string method;
  std::vector<std::string> data;
  std::string json_body;
  std::string user_agent;
  std::vector<std::string> accept_types;
  bool compressed = false;
  bool http1 = false;
  bool http2 = false;

  std::string cookie_file;
  std::string cookie_jar;
  std::string user_file;
  bool netrc = false;
  std::string netrc_file;

  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  bool insecure = false;

  std::optional<std::string> proxy;
  std::vector<std::string> resolve;
  std::vector<std::string> dns_servers;
  bool v4 = false;
  bool v6 = false;
  bool block_private = false;
};

void add_http_flags(CLI::App& command, HttpFlags& flags);

/// Throws BadFlag.
void apply_http(const HttpFlags& flags, FetchConfig& config);

}  // namespace overlap::get
