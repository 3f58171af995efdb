#include "executors/exit_registry.hpp"

#include <cstdlib>
#include <vector>

#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

namespace overlap::detail {
namespace {

struct Entries {
  Mutex mutex;
  std::vector<std::weak_ptr<ExitRegistry::Entry>> entries OVERLAP_GUARDED_BY(mutex);
};

Entries& all() {
  static auto* const entries = new Entries;  // never destroyed: it is used by the exit handler
  return *entries;
}

void shut_down_all() {
  std::vector<std::weak_ptr<ExitRegistry::Entry>> entries;
  {
    const MutexLock lock(all().mutex);
    std::swap(entries, all().entries);
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

}  // namespace

void ExitRegistry::add(const std::shared_ptr<Entry>& entry) {
  static const int registered = std::atexit(shut_down_all);
  (void)registered;
  Entries& registry = all();
  const MutexLock lock(registry.mutex);
  std::erase_if(registry.entries, [](const auto& known) { return known.expired(); });
  registry.entries.push_back(entry);
}

}  // namespace overlap::detail
