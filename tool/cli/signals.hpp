#pragma once

#include <csignal>

namespace overlap::cli {

/// While it lives, SIGINT and SIGTERM are counted instead of ending the program, and make a descriptor readable, so
/// that a loop can end in its own way; SIGHUP too, where there is something to tidy up and nohup has not said
/// otherwise; SIGUSR1 likewise, if it is to ask for a line of status. At most one at a time; made and destroyed on the
/// main thread.
class InterruptWatch {
 public:
  enum class Status : bool { ignores_requests, takes_requests };
  enum class Hangup : bool { ends_program, is_counted };
  explicit InterruptWatch(Status status, Hangup hangup = Hangup::ends_program);
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
  struct sigaction previous_hup_{};
  const bool takes_status_requests_;
  bool counts_hangup_ = false;
};

}  // namespace overlap::cli
