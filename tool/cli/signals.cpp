#include "cli/signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace overlap::cli {
namespace {

// What a signal handler may touch: lock-free atomics, and write(2) to a descriptor.
std::atomic<int> signals_seen{0};
std::atomic<int> latest_signal{0};
std::atomic<int> wake_descriptor{-1};
std::atomic<bool> status_requested{false};

void on_signal(int number) {
  const int saved = errno;
  if (number == SIGUSR1) {
    status_requested.store(true);
  } else {
    signals_seen.fetch_add(1);
    latest_signal.store(number);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_descriptor.load(), &one, sizeof one);
  errno = saved;
}

}  // namespace

InterruptWatch::InterruptWatch(Status status, Hangup hangup)
    : takes_status_requests_(status == Status::takes_requests) {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  signals_seen = 0;
  latest_signal = 0;
  status_requested = false;
  wake_descriptor = descriptor;
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous_int_);
  sigaction(SIGTERM, &action, &previous_term_);
  if (takes_status_requests_) sigaction(SIGUSR1, &action, &previous_usr1_);
  sigaction(SIGHUP, nullptr, &previous_hup_);
  counts_hangup_ = hangup == Hangup::is_counted && previous_hup_.sa_handler != SIG_IGN;
  if (counts_hangup_) sigaction(SIGHUP, &action, nullptr);
}

InterruptWatch::~InterruptWatch() {
  sigaction(SIGINT, &previous_int_, nullptr);
  sigaction(SIGTERM, &previous_term_, nullptr);
  if (takes_status_requests_) sigaction(SIGUSR1, &previous_usr1_, nullptr);
  if (counts_hangup_) sigaction(SIGHUP, &previous_hup_, nullptr);
  close(wake_descriptor.exchange(-1));
}

int InterruptWatch::count() const { return signals_seen.load(); }
bool InterruptWatch::take_status_request() const { return status_requested.exchange(false); }
int InterruptWatch::last_signal() const { return latest_signal.load(); }
int InterruptWatch::descriptor() const { return wake_descriptor.load(); }

void InterruptWatch::acknowledge() const {
  std::uint64_t value = 0;
  [[maybe_unused]] const ssize_t got = read(descriptor(), &value, sizeof value);
}

}  // namespace overlap::cli
