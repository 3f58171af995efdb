#include <overlap/async/task_group.hpp>

#include "get/fetch_job.hpp"

// Where GCC 12 inlines Asio's operator new for a coroutine it takes the memory for that of another allocator.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace overlap::get {

Task<Receipt> fetch_and_tell(FetchJob job, std::function<void(Future<Receipt>)> begun) {
  auto body = [&job, &begun](TaskGroup& group) -> Task<Receipt> {
    Future<Receipt> fetched = group.spawn(fetch_one(std::move(job)));
    begun(fetched);
    co_return co_await std::move(fetched);
  };
  auto group = TaskGroup::run(body);
  co_return co_await std::move(group);
}

}  // namespace overlap::get
