#pragma once
/// Engines that are alive when the program exits are shut down, so that no worker runs into destroyed statics.

#include <memory>
#include <string>

namespace overlap::detail {

class ExitRegistry {
 public:
  class Entry {
   public:
    virtual ~Entry() = default;
    /// Finishes what was accepted and joins.
    virtual void shutdown_at_exit() = 0;
  };

  /// The entry is forgotten when it dies. Engines are shut down when the main thread ends, before any static object is
  /// destroyed, if it has called this; else by an exit handler that the first call registers.
  static void add(const std::shared_ptr<Entry>& entry);
  /// An engine whose executor was destroyed on the engine's own thread, which cannot wait for itself: it finishes what
  /// was accepted, and is joined at exit. Reported to the unhandled hook.
  static void leave_to_itself(std::shared_ptr<Entry> entry, const std::string& name) noexcept;
};

}  // namespace overlap::detail
