#include "executors/exit_registry.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <vector>

#include <overlap/core/errors.hpp>
#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {
namespace {

struct Entries {
  Mutex mutex;
  std::vector<std::weak_ptr<ExitRegistry::Entry>> entries OVERLAP_GUARDED_BY(mutex);
  std::vector<std::shared_ptr<ExitRegistry::Entry>> left_to_themselves OVERLAP_GUARDED_BY(mutex);
};

Entries& all() {
  static auto* const entries = new Entries;  // never destroyed: it is used by the exit handler
  return *entries;
}

void shut_down_all() {
  std::vector<std::weak_ptr<ExitRegistry::Entry>> entries;
  std::vector<std::shared_ptr<ExitRegistry::Entry>> left_to_themselves;  // until they have been joined below
  {
    const MutexLock lock(all().mutex);
    std::swap(entries, all().entries);
    std::swap(left_to_themselves, all().left_to_themselves);
    for (const auto& entry : left_to_themselves) entries.push_back(entry);
  }
  for (const auto& weak : entries) {
    const auto entry = weak.lock();
    if (!entry) continue;
    try {
      entry->shutdown_at_exit();
    } catch (...) {
      report_unhandled("shutdown at exit", std::current_exception());
    }
  }
}

/// An object of the main thread: exit() destroys those before any static object.
struct AtEndOfMainThread {
  ~AtEndOfMainThread() { shut_down_all(); }
};

bool is_main_thread() noexcept { return ::syscall(SYS_gettid) == ::getpid(); }

}  // namespace

void ExitRegistry::add(const std::shared_ptr<Entry>& entry) {
  // For engines that the main thread did not make; a static object that is made later than the first of them is gone
  // by then.
  static const int registered = std::atexit(shut_down_all);
  (void)registered;
  if (is_main_thread()) static thread_local const AtEndOfMainThread at_end;
  Entries& registry = all();
  const MutexLock lock(registry.mutex);
  std::erase_if(registry.entries, [](const auto& known) { return known.expired(); });
  registry.entries.push_back(entry);
}

void ExitRegistry::leave_to_itself(std::shared_ptr<Entry> entry, const std::string& name) noexcept {
  try {
    {
      Entries& registry = all();
      const MutexLock lock(registry.mutex);
      registry.left_to_themselves.push_back(std::move(entry));
    }
    report_unhandled(name, std::make_exception_ptr(
                               WouldDeadlock(name + ": destroyed on its own thread, which cannot wait for itself: it "
                                                    "finishes its work, and the end of the program waits for that")));
  } catch (...) {
    std::terminate();  // no memory to keep it: its own thread would have to join itself
  }
}

}  // namespace overlap::detail
