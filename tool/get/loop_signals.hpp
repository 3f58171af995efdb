#pragma once

#include <functional>
#include <optional>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <overlap/core/time.hpp>

namespace overlap::get {

/// Hears of signals while the calling thread's own loop runs a task: how a run that makes its requests itself, within
/// submit(), can still be stopped. Costs nothing while none comes. Made, used and destroyed on that thread.
class LoopSignals {
 public:
  /// Answers a signal, and says when it wants to be called again if none comes.
  using Heed = std::function<std::optional<TimePoint>()>;

  /// `descriptor` is readable once a signal has come, until `heed` has been called; it stays the caller's.
  LoopSignals(int descriptor, Heed heed);
  ~LoopSignals();
  LoopSignals(const LoopSignals&) = delete;
  LoopSignals& operator=(const LoopSignals&) = delete;

 private:
  void listen();
  void answer();

  const Heed heed_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer again_;
};

}  // namespace overlap::get
