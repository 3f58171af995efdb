#include <overlap/core/hook.hpp>

#include <cstdio>
#include <memory>

#include <overlap/core/mutex.hpp>

namespace overlap {
namespace {

struct HookSlot {
  detail::Mutex mutex;
  std::shared_ptr<const UnhandledHook> hook OVERLAP_GUARDED_BY(mutex);
};

HookSlot& hook_slot() {
  static HookSlot* const slot = new HookSlot;  // never destroyed: threads may report while the program exits
  return *slot;
}

void write_line(std::string_view where, const std::string& message) {
  std::string line = "overlap: unhandled in ";
  line.append(where).append(": ").append(message).append("\n");
  std::fwrite(line.data(), 1, line.size(), stderr);  // one write, so that lines of several threads stay whole
}

}  // namespace

void set_unhandled_hook(UnhandledHook hook) {
  auto shared = hook ? std::make_shared<const UnhandledHook>(std::move(hook)) : nullptr;
  HookSlot& slot = hook_slot();
  const detail::MutexLock lock(slot.mutex);
  std::swap(slot.hook, shared);  // the old one dies after the lock was let go: its captures are user code too
}

namespace detail {

std::string describe(std::exception_ptr error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& caught) {
    const char* const what = caught.what();  // a user's, which may be nothing
    return what != nullptr ? what : "an exception without a message";
  } catch (...) {
    return "unknown exception";
  }
}

void report_unhandled(std::string_view where, std::exception_ptr error) noexcept {
  try {
    std::shared_ptr<const UnhandledHook> hook;
    {
      HookSlot& slot = hook_slot();
      const MutexLock lock(slot.mutex);
      hook = slot.hook;
    }
    if (hook) {
      (*hook)(where, std::move(error));
    } else {
      write_line(where, describe(std::move(error)));
    }
  } catch (...) {  // a hook that throws, or no memory: there is nobody left to tell
  }
}

}  // namespace detail
}  // namespace overlap
