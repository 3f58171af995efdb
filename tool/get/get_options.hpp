#pragma once

#include <CLI/CLI.hpp>

#include <expected>
#include <string>
#include <vector>

#include "cli/models.hpp"
#include "get/console_reporter.hpp"
#include "get/get_options_http.hpp"
#include "get/get_options_input.hpp"
#include "get/get_options_pacing.hpp"
#include "get/run.hpp"
#include "get/shared_bandwidth.hpp"

namespace overlap::get {

/// The flags of `overlap get`, as typed. See docs: the names are those that users of curl, wget and aria2 know.
struct GetFlags {
  InputFlags input;

  std::string directory = ".";
  std::string name_template;
  std::string to = "files";
  bool no_clobber = false;
  bool content_disposition = false;

  std::string model = "loop";
  std::int64_t workers = 5;
  std::string max_concurrent;  ///< a number, or auto; empty: the model's own
  PacingFlags pacing;

  std::string connect_timeout = "10s";
  std::string max_time = "300s";
  std::string speed_limit = "0";
  std::string speed_time = "30s";
  std::string max_filesize = "0";
  int max_redirects = 10;

  HttpFlags http;

  bool force = false;
  bool retry_failed = false;
  bool timestamping = false;
  bool dedupe = false;

  bool dry_run = false;
  bool fail_early = false;
  std::string fsync = "batch";
  std::string log;
  std::string trace;
  std::string progress = "auto";
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

void add_get_flags(CLI::App& command, GetFlags& flags);

/// What the flags come to.
struct GetPlan {
  RunPlan run;
  std::shared_ptr<SharedBandwidth> bandwidth;  ///< null: no limit
  ListReader::Options lists;
  cli::Model model = cli::Model::loop;
  std::size_t workers = 1;      ///< threads or processes
  std::size_t concurrency = 1;  ///< requests at a time; with -j auto at most
  NamePlan names{NameTemplate()};
  Fsync fsync = Fsync::batch;
  ConsoleReporter::Options reporter;
};

/// Checks the flags and puts them together. The error names the flag and what is wrong with it.
std::expected<GetPlan, std::string> make_plan(const GetFlags& flags);

}  // namespace overlap::get
