#pragma once

#include <csignal>

namespace overlap::cli {

/// While it lives, SIGINT and SIGTERM are counted instead of ending the program, SIGUSR1 asks for a line of status, and
/// each makes a descriptor readable, so that a loop can end, or answer, in its own way. At most one at a time; made and
/// destroyed on the main thread.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  int count() const;        ///< how many signals have come
  int last_signal() const;  ///< 0 for none
  /// Readable once a signal has come, until acknowledge().
  int descriptor() const;
  void acknowledge() const;
  /// Whether SIGUSR1 has come since this was asked last.
  bool take_status_request() const;

 private:
  struct sigaction previous_int_{};
  struct sigaction previous_term_{};
  struct sigaction previous_usr1_{};
};

}  // namespace overlap::cli
