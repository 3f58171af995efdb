#include "get/loop_signals.hpp"

#include <overlap/async/loop.hpp>

namespace overlap::get {

using boost::asio::posix::descriptor_base;
using Error = boost::system::error_code;

LoopSignals::LoopSignals(int descriptor, Heed heed)
    : heed_(std::move(heed)),
      descriptor_(Loop::of_this_thread().context(), descriptor),
      again_(descriptor_.get_executor()) {
  listen();
}

LoopSignals::~LoopSignals() { descriptor_.release(); }

// The handlers stay with the loop from one task to the next. One that comes after this object's end has an error, and
// touches nothing.
void LoopSignals::listen() {
  descriptor_.async_wait(descriptor_base::wait_read, [this](const Error& error) {
    if (error) return;
    answer();
    listen();
  });
}

void LoopSignals::answer() {
  const std::optional<TimePoint> again = heed_();
  again_.cancel();
  if (!again) return;
  again_.expires_at(*again);
  again_.async_wait([this](const Error& error) {
    if (!error) answer();
  });
}

}  // namespace overlap::get
