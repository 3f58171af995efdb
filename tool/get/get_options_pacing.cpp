#include "get/get_options_pacing.hpp"

#include <algorithm>
#include <charconv>

#include "cli/units.hpp"
#include "get/flag_values.hpp"

namespace overlap::get {
namespace {

std::vector<int> statuses_of(const std::string& text) {
  std::vector<int> statuses;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    int status = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, status);
    if (error != std::errc{} || stop != text.data() + end || status < 100 || status > 599) {
      throw BadFlag{fmt::format("--retry-on: '{}' is no HTTP status",
                                cli::escape_for_terminal(std::string_view(text).substr(at, end - at), 40))};
    }
    statuses.push_back(status);
    at = end + 1;
  }
  return statuses;
}

http::RetryPolicy retry_of(const PacingFlags& flags) {
  http::RetryPolicy policy;
  if (flags.retry < 0) throw BadFlag{fmt::format("--retry: must not be negative, not {}", flags.retry)};
  policy.max_retries = flags.retry;
  policy.base_delay = duration_of("--retry-delay", flags.retry_delay);
  policy.max_server_delay = duration_of("--max-retry-wait", flags.max_retry_wait);
  policy.max_delay = std::min<Duration>(policy.max_delay, std::max(policy.max_server_delay, policy.base_delay));
  policy.statuses = statuses_of(flags.retry_on);
  return policy;
}

/// The time between two requests; zero for no limit.
Duration interval_of(std::string_view flag, const std::string& text) {
  if (text.empty()) return {};
  const auto parsed = cli::parse_rate(text);
  if (!parsed) throw BadFlag{fmt::format("{}: {}", flag, parsed.error())};
  return *parsed;
}

double share_of(std::string_view flag, const std::string& text) {
  double share = -1;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc{} || stop != text.data() + text.size() || !(share >= 0 && share <= 1)) {
    throw BadFlag{
        fmt::format("{}: '{}' is no share between 0 and 1, such as 0.02", flag, cli::escape_for_terminal(text, 40))};
  }
  return share;
}

}  // namespace

void apply_pacing(const PacingFlags& flags, RunPlan& plan) {
  // Whoever names a number means it, whatever could be found.
  if (flags.max_per_host) {
    plan.pacing.max_per_host = count_of("--max-per-host", *flags.max_per_host, kMostConcurrent);
  } else if (plan.pacing.are_found) {
    plan.pacing.max_per_host = plan.pacing.max_concurrent;
  }
  plan.pacing.interval = interval_of("--rate", flags.rate);
  plan.pacing.host_interval = interval_of("--rate-per-host", flags.rate_per_host);
  plan.retry = retry_of(flags);
  plan.retry_max_time = duration_of("--retry-max-time", flags.retry_max_time);
  plan.retry_all = flags.retry_all;
  // A host is given about as long to come back as one of its URLs is.
  plan.pacing.probe_delay = plan.retry.base_delay;
  plan.pacing.probes = std::min(plan.retry.max_retries, plan.pacing.probes);
  plan.max_fail_rate = share_of("--max-fail-rate", flags.max_fail_rate);
  plan.min_free_space = size_of("--min-free-space", flags.min_free_space);
}

void add_pacing_flags(CLI::App& command, PacingFlags& flags) {
  auto* pacing = command.add_option_group("Pacing");
  pacing->add_option("--max-per-host", flags.max_per_host, "Requests at a time to one host; with -j auto what is found")
      ->type_name("N")
      ->default_str("6");
  pacing->add_option("--rate", flags.rate, "Requests in a time, such as 100/s or 10/m")->type_name("RATE");
  pacing->add_option("--rate-per-host", flags.rate_per_host, "The same for each host")->type_name("RATE");
  pacing->add_option("--limit-rate", flags.limit_rate, "Bytes a second, of the whole run (0: no limit)")
      ->type_name("SIZE")
      ->capture_default_str();

  auto* retry = command.add_option_group("Retry");
  retry->add_option("--retry", flags.retry, "Tries after the first")->type_name("N")->capture_default_str();
  retry->add_option("--retry-delay", flags.retry_delay, "The first wait is up to this; it doubles")
      ->type_name("TIME")
      ->capture_default_str();
  retry->add_option("--retry-max-time", flags.retry_max_time, "Nothing is tried again later than this (0: no limit)")
      ->type_name("TIME")
      ->capture_default_str();
  retry->add_option("--max-retry-wait", flags.max_retry_wait, "The longest wait that a server may ask for")
      ->type_name("TIME")
      ->capture_default_str();
  retry->add_option("--retry-on", flags.retry_on, "HTTP statuses to try again")
      ->type_name("LIST")
      ->capture_default_str();
  retry->add_flag("--retry-all", flags.retry_all, "Also try requests again that may do something twice (POST)");

  auto* stop = command.add_option_group("Enough");
  stop->add_option("--max-fail-rate", flags.max_fail_rate, "Exit with 0 while the share of failures is below this")
      ->type_name("SHARE")
      ->capture_default_str();
  stop->add_option("--min-free-space", flags.min_free_space, "Stop when the disk has less than this left")
      ->type_name("SIZE")
      ->capture_default_str();
}

}  // namespace overlap::get
