#pragma once
/// What tests use in place of sleeping: tasks wait at a gate until the test opens it.

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace overlap::test {

/// Tasks hold passes, which outlive the gate; the gate opens at the latest when it is destroyed, so that a test that
/// fails half-way leaves nobody waiting. Declare it after the executor whose tasks wait at it.
class Gate {
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    std::size_t arrived = 0;
  };

 public:
  class Pass {
   public:
    /// Waits until the gate is open.
    void wait() const {
      std::unique_lock lock(state_->mutex);
      ++state_->arrived;
      state_->changed.notify_all();
      state_->changed.wait(lock, [this] { return state_->open; });
    }

   private:
    friend class Gate;
    explicit Pass(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }

  Pass pass() const { return Pass(state_); }
  void open() {
    const std::lock_guard lock(state_->mutex);
    state_->open = true;
    state_->changed.notify_all();
  }
  /// Returns when `count` calls of Pass::wait() have begun.
  void wait_for_arrivals(std::size_t count = 1) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [&] { return state_->arrived >= count; });
  }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace overlap::test
