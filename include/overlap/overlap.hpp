#pragma once
/// Everything but HTTP, for which there is <overlap/http.hpp>.

#include <overlap/async/await_future.hpp>
#include <overlap/async/gather.hpp>
#include <overlap/async/loop.hpp>
#include <overlap/async/semaphore.hpp>
#include <overlap/async/shield.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <overlap/async/task_group.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/executor.hpp>
#include <overlap/core/future.hpp>
#include <overlap/core/hook.hpp>
#include <overlap/core/map.hpp>
#include <overlap/core/remote_exception.hpp>
#include <overlap/core/shippable.hpp>
#include <overlap/core/time.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>
