#include <overlap/executors/thread_pool_executor.hpp>

#include "executors/thread/pool.hpp"

namespace overlap {

ThreadPoolExecutor::ThreadPoolExecutor(Options options) : pool_(std::make_shared<Pool>(std::move(options))) {
  detail::ExitRegistry::add(pool_);
}

ThreadPoolExecutor::~ThreadPoolExecutor() { pool_->destroy(); }

std::size_t ThreadPoolExecutor::concurrency() const noexcept { return pool_->max_workers(); }

void ThreadPoolExecutor::enqueue(detail::TaskPtr task) { pool_->enqueue(std::move(task)); }

void ThreadPoolExecutor::do_shutdown(ShutdownOptions options) { pool_->shutdown(options); }

}  // namespace overlap
