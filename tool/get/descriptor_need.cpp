#include "get/descriptor_need.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>

#include <fmt/format.h>

namespace overlap::get {
namespace {

constexpr std::size_t kPlenty = 256;  // from here on a shortage is met by fewer at a time when it comes

// Counted in runs of one request: signals, completions, a loop (7: its own three, name lookups, the session's), a
// connection.
constexpr std::size_t kForOne = 10;
// Besides, with files: lock, manifest, directories, a part, the directory of its name, and the part again for its
// digest.
constexpr std::size_t kForFiles = 15;
constexpr std::size_t kMoreOnALoop = 3;   // a connection, a part, a directory
constexpr std::size_t kMoreAThread = 10;  // and a loop

std::size_t count_open(std::size_t limit) {
  std::size_t open = 0;
  for (std::size_t descriptor = 0; descriptor < limit; ++descriptor)
    if (fcntl(static_cast<int>(descriptor), F_GETFD) >= 0) ++open;
  return open;
}

}  // namespace

Descriptors raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {kPlenty, 0};
  if (limit.rlim_cur != limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const auto most = static_cast<std::size_t>(limit.rlim_cur);
  return {most, most < kPlenty ? count_open(most) : 0};
}

std::expected<std::string, std::string> fit_to(const Descriptors& there, GetPlan& plan) {
  if (there.limit >= kPlenty) return {};
  const std::size_t needed = there.open + kForOne + (plan.run.config->directory.empty() ? 0 : kForFiles);
  if (there.limit < needed)
    return std::unexpected(fmt::format("this process may have only {} open files (ulimit -n): at least {} are needed",
                                       there.limit, needed));
  if (plan.model == cli::Model::inline_ || plan.model == cli::Model::processes) return {};
  const std::size_t idle = there.limit / 8;  // connections and directories that are kept open
  const std::size_t left = there.limit - needed > idle ? there.limit - needed - idle : 0;
  const std::size_t most = 1 + left / (plan.model == cli::Model::threads ? kMoreAThread : kMoreOnALoop);
  const bool is_fewer = most < plan.concurrency;
  plan.concurrency = std::min(plan.concurrency, most);
  plan.workers = std::min(plan.workers, most);
  plan.run.pacing.max_concurrent = plan.concurrency;
  plan.run.pacing.spare = std::min(plan.run.pacing.spare, most - plan.concurrency);
  if (!is_fewer) return {};
  return fmt::format("this process may have only {} open files (ulimit -n): fewer requests at a time ({})", there.limit,
                     most);
}

}  // namespace overlap::get
