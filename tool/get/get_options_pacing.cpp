#include "get/get_options_pacing.hpp"

#include <algorithm>
#include <charconv>

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

}  // namespace

void apply_pacing(const PacingFlags& flags, RunPlan& plan) {
  plan.pacing.max_per_host = count_of("--max-per-host", flags.max_per_host, kMostConcurrent);
  plan.retry = retry_of(flags);
}

void add_pacing_flags(CLI::App& command, PacingFlags& flags) {
  auto* pacing = command.add_option_group("Pacing");
  pacing->add_option("--max-per-host", flags.max_per_host, "Requests at a time to one host")
      ->type_name("N")
      ->capture_default_str();

  auto* retry = command.add_option_group("Retry");
  retry->add_option("--retry", flags.retry, "Tries after the first")->type_name("N")->capture_default_str();
  retry->add_option("--retry-delay", flags.retry_delay, "The first wait is up to this; it doubles")
      ->type_name("TIME")
      ->capture_default_str();
  retry->add_option("--max-retry-wait", flags.max_retry_wait, "The longest wait that a server may ask for")
      ->type_name("TIME")
      ->capture_default_str();
  retry->add_option("--retry-on", flags.retry_on, "HTTP statuses to try again")
      ->type_name("LIST")
      ->capture_default_str();
}

}  // namespace overlap::get
