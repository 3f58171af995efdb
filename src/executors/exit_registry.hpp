#pragma once
/// Engines that are alive when the program exits are shut down, so that no worker runs into destroyed statics.

#include <memory>

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
};

}  // namespace overlap::detail
