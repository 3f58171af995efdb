// The end of a worker, one of:
//   1. The pool has said that it sends no more. (When the program is gone, the helper kills the worker.)
//   2. It has run max_tasks tasks, or is larger than max_memory after one: it says so with the last outcome.
//   3. The initializer threw: it says so and ends.
//   4. A task ends the process, or a signal does; the helper reports how.
// In the first three, output that tasks left in stdio buffers is written, and the process ends without running exit
// handlers or destroying static objects: those belong to the program's own process.

#include "executors/process/worker_main.hpp"

#include <cxxabi.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include <overlap/core/detail/shipping.hpp>
#include <overlap/core/hook.hpp>

#include "executors/fork_guard.hpp"
#include "executors/process/process_role.hpp"

namespace overlap::detail {
namespace {

/// Bytes of memory that this process has now, not counting what is swapped out; 0 where that cannot be read.
std::uint64_t resident_memory() {
  // The second field of statm: resident pages (proc(5)).
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

class Worker {
 public:
  Worker(const WorkerSetup& setup, Channel::WorkerEnd end, Bell& pool)
      : setup_(setup), channel_(std::move(end), pool) {}

  void run() {
    if (!initialize()) return;
    FrameHeader ready;
    ready.kind = FrameKind::ready;
    ready.task = static_cast<std::uint64_t>(::getpid());
    channel_.send(ready, {});
    while (const std::optional<Frame> frame = channel_.receive()) {
      if (!serve(*frame)) return;
    }
  }

 private:
  bool initialize() {
    if (setup_.has_initializer == 0) return true;
    try {
      reinterpret_cast<void (*)()>(const_cast<void*>(resolve_code(setup_.initializer)))();
      return true;
    } catch (abi::__forced_unwind&) {
      throw;
    } catch (...) {
      FrameHeader failed;
      failed.kind = FrameKind::setup_failed;
      channel_.send(failed, {describe(std::current_exception()), {}, nullptr, {}});
      return false;
    }
  }

  /// False when this was the last task.
  bool serve(const Frame& frame) {
    channel_.begin(frame.header.task);
    std::optional<Encoder> outcome(std::in_place, Encoder::Large::shared);
    try {
      call(frame, *outcome);
    } catch (abi::__forced_unwind&) {  // the task ends the thread that runs it, and so this process
      throw;
    } catch (...) {
      outcome.emplace();  // without half a result
      encode_error_outcome(*outcome, std::current_exception());
    }
    // A child that the task forked and that came back out of it: what is to be said is said by its parent.
    if (fork_guard_.is_in_child()) std::_Exit(EXIT_SUCCESS);
    ++served_;
    FrameHeader answer;
    answer.kind = FrameKind::outcome;
    answer.task = frame.header.task;
    if (is_worn_out()) answer.flags = FrameHeader::kLast;
    send(answer, outcome->message());
    return answer.flags == 0;
  }

  void send(const FrameHeader& answer, const Message& outcome) {
    try {
      channel_.send(answer, outcome);
    } catch (const std::system_error&) {  // its shared memory cannot be handed over: the task has failed after all
      Encoder error;
      encode_error_outcome(error, std::current_exception());
      channel_.send(answer, error.message());
    }
  }

  static void call(const Frame& frame, Encoder& outcome) {
    if (frame.too_large) throw std::bad_alloc();
    const void* const code = resolve_code(frame.header.thunk);
    if (!is_registered_thunk(code)) throw NotShippable("the code of this task is not that of a task");
    std::vector<Segment> segments;
    Decoder in(frame.message(segments));
    reinterpret_cast<Thunk>(const_cast<void*>(code))(in, outcome);
  }

  bool is_worn_out() const {
    if (setup_.max_tasks != 0 && served_ >= setup_.max_tasks) return true;
    return setup_.max_memory != 0 && resident_memory() > setup_.max_memory;
  }

  const WorkerSetup& setup_;
  WorkerChannel channel_;
  std::uint64_t served_ = 0;
  const ForkGuard fork_guard_;
};

}  // namespace

void run_worker(const WorkerSetup& setup, std::uint64_t id, Channel::WorkerEnd end, Bell& pool) {
  set_process_role(ProcessRole::worker);
  const std::string name = fmt::format("{:.9}_{}", setup.name.data(), id);
  ::prctl(PR_SET_NAME, name.substr(0, 15).c_str());
  try {
    Worker(setup, std::move(end), pool).run();
  } catch (const MalformedFrame&) {  // a task wrote to memory, or to a descriptor, that is not its own
    std::_Exit(EXIT_FAILURE);
  }
  std::fflush(nullptr);
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace overlap::detail
