#include <overlap/executors/process_pool_executor.hpp>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "executors/process/pool.hpp"

namespace overlap {

ProcessPoolExecutor::ProcessPoolExecutor(Options options) {
  const std::string name = options.name;
  try {
    pool_ = std::make_shared<Pool>(std::move(options));
    pool_->start();
  } catch (const std::system_error& error) {
    throw BrokenExecutor(name + ": the pool cannot be started: " + error.what());
  }
  detail::ExitRegistry::add(pool_);
}

ProcessPoolExecutor::~ProcessPoolExecutor() {
  if (pool_->is_inherited()) {
    // Never destroyed here: its thread and its processes are the other process's. Referred to, so that it is no leak.
    static auto* const inherited = new std::vector<std::shared_ptr<Pool>>;
    inherited->push_back(std::move(pool_));
    return;
  }
  pool_->destroy();
}

void ProcessPoolExecutor::terminate_workers() { pool_->end_workers(SIGTERM); }

void ProcessPoolExecutor::kill_workers() { pool_->end_workers(SIGKILL); }

std::vector<pid_t> ProcessPoolExecutor::worker_pids() const { return pool_->worker_pids(); }

std::size_t ProcessPoolExecutor::concurrency() const noexcept { return pool_->max_workers(); }

// Enough chunks that the last ones to end are small beside the whole, large enough that crossing costs little.
std::size_t ProcessPoolExecutor::default_chunk(std::optional<std::size_t> total) const noexcept {
  if (!total) return 1;
  return std::clamp<std::size_t>(*total / (32 * concurrency()), 1, 1024);
}

bool ProcessPoolExecutor::terminate_task(detail::TaskNode& node) { return pool_->terminate(node); }

void ProcessPoolExecutor::enqueue(detail::TaskPtr task) {
  pool_->enqueue(std::move(task), pool_->options().task_timeout);
}

void ProcessPoolExecutor::enqueue_with(detail::TaskPtr task, const TaskOptions& options) {
  const std::optional<Duration> own = options.timeout;
  const std::optional<Duration> general = pool_->options().task_timeout;
  pool_->enqueue(std::move(task), own ? own : general);
}

void ProcessPoolExecutor::do_shutdown(ShutdownOptions options) { pool_->shutdown(options); }

}  // namespace overlap
